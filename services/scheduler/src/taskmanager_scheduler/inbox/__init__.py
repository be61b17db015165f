"""Consuming the inbox: messages in groups, checked, decided on, stored, followed up and acknowledged."""

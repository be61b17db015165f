"""Consuming the inbox: messages are grouped, checked, decided on, stored, followed up and acknowledged."""

"""Turns a group of messages and the stored state into what is written. Pure."""

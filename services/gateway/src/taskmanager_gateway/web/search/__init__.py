"""Searching everything from one box."""

"""Accounts of broker and database, and passwords."""

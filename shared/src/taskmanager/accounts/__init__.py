"""Accounts at broker and database, and passwords."""

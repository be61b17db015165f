"""Operators' commands: their effect on jobs, plugins, runners and users, and what the audit records."""

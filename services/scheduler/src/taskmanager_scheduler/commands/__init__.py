"""Operators' commands: what becomes of jobs, plugins, runners, users, and what the audit says."""

"""Operators' commands: check permissions, publish, wait for the result."""

"""Operators' commands: may they, publish, wait for the result."""

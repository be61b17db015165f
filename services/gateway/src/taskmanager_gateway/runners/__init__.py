"""Runners as the API shows them, and the commands for them."""

"""Runners as the public sees them, and what is asked of them."""

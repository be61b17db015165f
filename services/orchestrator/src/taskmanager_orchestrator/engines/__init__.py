"""The engines, each behind the same port, and what the file says about each."""

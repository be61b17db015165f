"""Users, tokens, oneself."""

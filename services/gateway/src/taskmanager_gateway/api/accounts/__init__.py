"""Users, tokens, and one's own account."""

"""The pages of users, tokens, log-in and one's own account."""

"""The pages for users, tokens, log-in and one's own account."""

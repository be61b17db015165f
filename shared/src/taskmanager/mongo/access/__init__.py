"""Users, tokens, sessions, the audit and the database's own accounts."""

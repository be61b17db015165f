"""Users, tokens, sessions, presets, the audit and the database's own accounts."""

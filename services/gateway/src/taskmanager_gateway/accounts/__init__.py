"""Users, tokens and log-in: the use cases behind API and pages."""

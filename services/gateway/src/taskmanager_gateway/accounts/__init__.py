"""Users, tokens and log-in: the use cases behind the API and the pages."""

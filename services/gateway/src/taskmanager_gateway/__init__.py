"""The HTTP API: checks requests, publishes them, reads what is stored; never writes to the database."""

"""The HTTP API: checks what comes in, publishes it, reads what is stored; never writes the database."""

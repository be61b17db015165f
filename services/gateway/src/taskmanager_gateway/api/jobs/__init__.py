"""Jobs: submitting, reading, commands."""

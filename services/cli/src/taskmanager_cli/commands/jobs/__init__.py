"""`taskmanager jobs`: lists, one job, its log, submitting, and commands for it."""

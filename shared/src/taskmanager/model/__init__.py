"""What the system is about, as values: jobs, plugins, operations, reports, people. No client library."""

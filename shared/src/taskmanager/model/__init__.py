"""What the system is about, as values: jobs, states, plugins, operations, reports, people. No client library."""

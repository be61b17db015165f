"""The domain as plain values: jobs, plugins, operations, reports, users. Imports no client library."""

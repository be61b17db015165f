"""The HTTP API: requests, problems, pages and streams."""

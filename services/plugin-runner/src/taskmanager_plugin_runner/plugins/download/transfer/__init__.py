"""Requests to other servers, and where files lie until all are there. Knows no books."""

"""What all HTTP responses have in common: problems, limits, deadlines, headers."""

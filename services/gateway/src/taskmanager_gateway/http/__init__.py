"""What every answer over HTTP has in common: problems, limits, deadlines, headers."""

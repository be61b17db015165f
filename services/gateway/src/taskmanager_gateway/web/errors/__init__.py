"""The page of jobs in error in groups."""

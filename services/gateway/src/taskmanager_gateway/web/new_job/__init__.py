"""The page on which a person submits a job."""

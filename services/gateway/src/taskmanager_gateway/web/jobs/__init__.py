"""The page of a job, and its pop-ups."""

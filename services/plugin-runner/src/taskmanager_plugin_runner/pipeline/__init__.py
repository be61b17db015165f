"""Input of the next job, work on the present one and results of the last, at the same time."""

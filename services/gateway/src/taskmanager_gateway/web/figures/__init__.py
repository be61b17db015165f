"""The page of figures: what was done in the last day, week or month."""

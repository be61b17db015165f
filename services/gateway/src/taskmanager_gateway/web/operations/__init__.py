"""The pages of operations over many jobs."""

"""The page of runners."""

"""The one writer of the truth: folds messages into jobs, grants claims, finds what was lost."""

"""What failures of jobs have in common."""

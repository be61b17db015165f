"""What people leave for one another: notes, and presets for new jobs."""

"""Notes on jobs, processes and plugins."""

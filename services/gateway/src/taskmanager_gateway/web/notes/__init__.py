"""The notes on the pages of jobs, processes and plugins."""

"""Folders and names in file systems: which of them a job may use, how its files are listed. Knows no job."""

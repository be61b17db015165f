"""Folders and names in file systems: what a job may touch, how its files are listed. Knows no job."""

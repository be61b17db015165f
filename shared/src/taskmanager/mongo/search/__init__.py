"""Searching among the jobs of all plugins and tabs."""

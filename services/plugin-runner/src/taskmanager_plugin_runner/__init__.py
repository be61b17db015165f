"""Runs the jobs of one plugin in child processes and reports what happened; never decides a state."""

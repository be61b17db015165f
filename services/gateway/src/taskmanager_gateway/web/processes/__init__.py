"""The page of a process, and the search for one."""

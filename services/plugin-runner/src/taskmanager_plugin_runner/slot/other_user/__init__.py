"""Running a plugin as another user, in a process of its own within the slot."""

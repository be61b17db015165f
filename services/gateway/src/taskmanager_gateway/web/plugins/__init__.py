"""The page of a plugin: its list, its commands, bulk operations."""

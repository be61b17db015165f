"""What stands around every page: menu, preferences, live updates."""

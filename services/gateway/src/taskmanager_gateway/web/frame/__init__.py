"""What surrounds every page: menu, preferences, live updates."""

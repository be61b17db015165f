"""The installed plugins, and the commands for them."""

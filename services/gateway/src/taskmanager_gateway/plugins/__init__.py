"""The installed plugins, and what is asked of them."""

"""Plugins: reading, commands, figures."""

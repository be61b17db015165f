"""A process of Goobi: all its jobs over all plugins, and where Goobi shows it."""

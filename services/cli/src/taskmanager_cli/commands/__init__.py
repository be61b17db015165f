"""The commands, a module for each group; each only asks, sends and prints."""

"""Presets: parameters of jobs kept under a name, and jobs filled with them."""

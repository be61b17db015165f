"""Goobi TaskManager: the vocabulary and the adapters that its three services share.

A plugin author needs `taskmanager.plugin_api`; the rest is for the services.
"""

__version__ = "0.1.0"
"""Of all distributions: each `pyproject.toml` reads it here."""

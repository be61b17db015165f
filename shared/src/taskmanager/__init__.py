"""Goobi TaskManager: the vocabulary and the adapters that its three services share.

A plugin author needs only `taskmanager.plugin_api`; everything else is for the services.
"""

__version__ = "0.1.0"
"""The version of all distributions: each `pyproject.toml` reads it here."""

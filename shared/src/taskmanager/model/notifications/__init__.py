"""Notifications: what happened, who wants to know, and what was sent. Values and pure rules only."""

"""Passes changes on to listeners in this process."""

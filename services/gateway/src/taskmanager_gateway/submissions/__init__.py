"""Submissions: read, checked, published once, and watched until they are stored."""

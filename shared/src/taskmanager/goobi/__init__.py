"""Goobi workflow as the services know it: which installations there are and how they are called."""

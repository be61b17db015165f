"""A logical copy of the database in one file: written, checked, loaded, and what follows a load."""

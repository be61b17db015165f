"""The jobs of a process of Goobi."""

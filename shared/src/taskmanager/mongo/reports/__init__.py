"""Reports to Goobi."""

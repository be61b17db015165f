"""How input and results travel: over the shared file system, or over Goobi's files API."""

"""What is printed: texts made harmless, tables, JSON."""

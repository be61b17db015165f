"""The database opened, and documents read and asked for: what all reads and writes use."""

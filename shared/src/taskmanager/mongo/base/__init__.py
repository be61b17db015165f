"""Opening the database, querying and reading documents: what all reads and writes use."""

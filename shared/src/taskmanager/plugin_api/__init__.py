"""What the author of a plugin uses: the interface, external tools, records of files, results that exist already."""

"""What the author of a plugin uses: the interface, external tools, records of files, existing results."""

"""Results put into the process folder: all of them, or none and the folder as it was."""

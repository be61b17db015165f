"""Places results in the process folder: all of them, or none with the folder as it was."""

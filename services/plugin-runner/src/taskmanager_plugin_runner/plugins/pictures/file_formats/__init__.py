"""What is special about each file format: its header, and for TIFF its samples."""

"""What is specific to each file format: its header, and for TIFF its samples."""

"""What changes, handed to those who listen in this process."""

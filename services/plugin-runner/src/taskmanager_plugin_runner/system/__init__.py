"""What the runner asks of the operating system: processes, memory, file systems. Linux only."""

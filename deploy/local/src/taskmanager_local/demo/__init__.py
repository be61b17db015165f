"""Takes a small book through the whole system, over the public HTTP API like any other client."""

"""The vocabulary, the ports and the adapters that every service and every plugin author shares."""

"""Where notifications may go: the channels that an administrator has configured."""

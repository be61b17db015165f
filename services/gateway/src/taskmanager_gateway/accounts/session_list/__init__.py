"""The list of one's log-ins: how they are shown and ended; `access.session_use` reports which are in use."""

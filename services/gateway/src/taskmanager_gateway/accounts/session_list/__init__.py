"""The list of one's log-ins: which sessions are used (`session_uses`), and how they are shown and ended."""

"""Rules of notifications: reading and changing them, and how their messages went."""

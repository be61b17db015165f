"""Rules of notifications, and their outbox, as documents."""

"""Who asked for what, when, why, and what became of it."""

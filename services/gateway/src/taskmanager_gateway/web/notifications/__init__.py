"""The pages of notifications: rules, their messages, and the form of a rule."""

"""From a group of messages and what is stored to what is written. Pure."""

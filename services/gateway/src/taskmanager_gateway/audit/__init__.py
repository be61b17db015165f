"""The audit: who requested what, when and why, and with which outcome."""

"""Notifications: looks for events at what is stored, and sends the messages of the outbox.

Beside everything else a scheduler does: nothing here is waited for by the inbox or by a job.
"""

"""Reporting to Goobi: stored reports are worded, sent in one of Goobi's dialects, and the answers judged.

Dialects only build requests and judge answers; only `transport` speaks HTTP; only `lane` decides what is sent
when. Nothing here knows the inbox or a job's state.
"""

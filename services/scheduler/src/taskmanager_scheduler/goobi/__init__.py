"""Telling Goobi: what is stored as reports is worded, sent in one of Goobi's dialects, and judged.

Dialects only make requests and judge answers; `transport` alone speaks HTTP; `lane` alone decides what is
sent when. Nothing here knows the inbox or a job's state.
"""

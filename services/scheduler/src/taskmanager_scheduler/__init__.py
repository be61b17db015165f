"""The scheduler: every write to the store, the job state machine, claims and leases.

Runs no job, serves no API.
"""

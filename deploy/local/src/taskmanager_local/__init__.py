"""The whole system on one machine without containers: private servers, the services, the demo.

For development, demonstrations and tests. It knows how processes are started and found again; it knows
nothing of jobs, except in `demo`, which uses the public HTTP API like any other client.
"""

"""What the runner and the scheduler tell each other: claims, leases, heartbeats, reports."""

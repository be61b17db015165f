"""What runs alongside the inbox: sweeps, timers and the database clock."""

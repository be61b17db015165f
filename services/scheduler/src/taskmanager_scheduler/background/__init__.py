"""What runs beside the inbox: sweeps, timers, the database's clock."""

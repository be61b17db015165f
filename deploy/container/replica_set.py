"""`taskmanager-replica-set`, by the path that compose files of earlier releases name."""

from taskmanager_scheduler.cli.replica_set import main

if __name__ == "__main__":
    main()

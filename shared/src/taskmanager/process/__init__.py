"""What every process needs: settings, log, metrics, life cycle, clock, another try, points of failure for tests."""

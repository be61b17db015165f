"""What every process needs: settings, log, metrics, life cycle, clock, retries, failpoints for tests."""

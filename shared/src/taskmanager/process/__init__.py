"""What every process needs: settings, logging, metrics, life cycle, clock, retries, failpoints for tests."""

"""What a runner has at work on its slots: attempts, bunches of short jobs, and the end of them in a drain."""

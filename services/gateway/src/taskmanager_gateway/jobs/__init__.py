"""Reading jobs: finding them, lists, logs, files, why they wait."""

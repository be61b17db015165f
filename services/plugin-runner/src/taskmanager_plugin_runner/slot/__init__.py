"""The process a job runs in (`python -m taskmanager_plugin_runner.slot`), and the runner's side of it."""

"""The process in which a job runs (`python -m taskmanager_plugin_runner.slot`), and the runner's end of it."""

"""The plugins every runner brings. They know the plugin interface and nothing else of the runner."""

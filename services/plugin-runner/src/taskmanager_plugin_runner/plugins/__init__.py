"""The plugins shipped with every runner. They know the plugin interface and nothing else of the runner."""

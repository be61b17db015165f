"""Complete fakes of the ports, for the project's own tests and those of plugin authors. Knows no server."""

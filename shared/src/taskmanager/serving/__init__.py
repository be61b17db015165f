"""How HTTP is served: limits on connections, headers and time that apply before the application is called."""

"""How HTTP is served: limits on connections, headers and time that hold before any application is asked."""

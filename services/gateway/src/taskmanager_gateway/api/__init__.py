"""The routes of the HTTP API. Thin: parse the request, call a service, answer."""

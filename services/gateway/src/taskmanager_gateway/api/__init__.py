"""The addresses of the HTTP API. Thin: parse, ask a part of the gateway, answer."""

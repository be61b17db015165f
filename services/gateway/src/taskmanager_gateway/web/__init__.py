"""The web pages, rendered from the same use cases as the API; no page knows RabbitMQ or MongoDB."""

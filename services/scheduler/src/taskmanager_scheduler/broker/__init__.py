"""What can happen to messages inside RabbitMQ, and how an operator is told."""

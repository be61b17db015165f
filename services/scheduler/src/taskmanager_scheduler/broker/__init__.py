"""What can happen to messages inside RabbitMQ, and how operators are told."""

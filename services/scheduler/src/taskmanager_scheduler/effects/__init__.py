"""What is done once a decision is stored: tickets, answers to runners and gateways."""

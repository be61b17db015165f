"""What a job read and wrote, by whom and with what: told for machines of a preservation system."""

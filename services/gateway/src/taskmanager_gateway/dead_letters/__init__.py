"""Dead letters: reading them, sending one back, dropping one."""

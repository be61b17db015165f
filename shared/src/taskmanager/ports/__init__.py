"""What services need from the outside world, as protocols: `__main__` supplies real ones, tests use fakes."""

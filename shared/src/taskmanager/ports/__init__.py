"""What services need from the outside world, as protocols: `__main__` plugs in the real ones, tests fakes."""

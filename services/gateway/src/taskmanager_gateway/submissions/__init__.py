"""Jobs on their way in: read, checked, published once, seen to be stored."""

"""The runners that orchestrators keep running: which are to go, how many are needed, and when."""

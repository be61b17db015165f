"""The command line tools for operators on the machine itself: migrations, accounts, users."""

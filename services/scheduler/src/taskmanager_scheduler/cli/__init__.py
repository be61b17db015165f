"""The commands for operators on the machine itself: migrations, accounts, users."""

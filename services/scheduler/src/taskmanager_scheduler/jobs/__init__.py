"""The state machine of one job. Pure: it knows no clock, no database and no broker."""

"""Files opened, copied and sealed so that nobody can exchange them meanwhile. Knows no job."""

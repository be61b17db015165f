"""Opens, copies and seals files so that nobody can swap them in the meantime. Knows no job."""

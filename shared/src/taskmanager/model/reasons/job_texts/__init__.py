"""What runners and the plugins of this project report about jobs; one module for each subject."""

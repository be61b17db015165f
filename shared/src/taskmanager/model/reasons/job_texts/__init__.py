"""What runners and the plugins of this project tell of jobs: a module for each subject."""

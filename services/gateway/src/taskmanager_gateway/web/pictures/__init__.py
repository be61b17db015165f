"""The files of a job side by side with their results, as pictures that can be zoomed."""

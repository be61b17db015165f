"""One attempt of a job, as the runner sees it: phases, orders, limits, log, commit fence."""

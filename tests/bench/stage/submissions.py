"""Jobs that do nothing, as requests: one by one, or many to a request."""

from tests.bench.stage.load import post

SINGLES, BATCHES = "singles", "batches"
"""The ways to submit."""
PLUGIN = "noop"
CONNECTIONS = 16
BATCH = 500
WARM = 300
"""Jobs before anything is measured."""


def singles(number: int, path: str = "/api/v1/jobs") -> list[bytes]:
    """One POST per job."""
    return [post(path, job) for job in _jobs(number)]


def batches(number: int, path: str = "/api/v1/jobs/batch", priority: int = 0) -> list[bytes]:
    """One POST for many jobs."""
    jobs = [{**job, "priority": priority} if priority else job for job in _jobs(number)]
    return [post(path, {"jobs": jobs[first : first + BATCH]}) for first in range(0, number, BATCH)]


def _jobs(number: int) -> list[dict[str, str | int]]:
    return [{"plugin": PLUGIN, "title": f"job {each}"} for each in range(number)]

"""One run of a number of jobs through some system, and what it cost."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.stage.load import send_all
from tests.bench.stage.processes import ProcessorMeter

from taskmanager_testing.waiting import eventually

LIMIT_SECONDS = 180

Orders = Sequence[tuple[str, int]]
"""Ways to submit, `SINGLES` or `BATCHES`, and how many jobs."""


@dataclass(frozen=True)
class Run:
    """Times in seconds from the first submission: until all are submitted, and until all are done.

    Attributes:
        processor: processor seconds by process.
    """

    jobs: int
    submit_seconds: float
    seconds: float
    processor: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds

    @property
    def submit_rate(self) -> float:
        """Submitted jobs per second."""
        return self.jobs / self.submit_seconds

    @property
    def cost(self) -> Mapping[str, float]:
        """Processor milliseconds of a job by process, and of `all` of them."""
        each = {name: 1000 * seconds / self.jobs for name, seconds in self.processor.items()}
        return {**each, "all": sum(each.values())}


def wait_until_done(done: Callable[[], int], wanted: int) -> None:
    """Poll the counter of ended jobs until it shows that many."""
    eventually(lambda: done() >= wanted, within_seconds=LIMIT_SECONDS, what=f"{wanted} jobs are DONE")


def run_over_http(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    *,
    jobs: int,
    done: Callable[[], int],
    meter: ProcessorMeter,
) -> Run:
    """Send the requests, which hold that many jobs, and wait until the counter shows that all have ended."""
    wanted = done() + jobs
    meter.start()
    began = time.perf_counter()
    burst = send_all(port, requests, connections)
    wait_until_done(done, wanted)
    return Run(jobs, burst.seconds, time.perf_counter() - began, meter.stop())

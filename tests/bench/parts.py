"""What every part of the measurements receives, and what a part is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.report.figures import Figure
from tests.bench.stage.servers import Servers

MOST_PLUGINS = 9


@dataclass(frozen=True)
class CurveSizes:
    """The sizes at which the cost of a job is measured.

    Attributes:
        stored: jobs the database holds, all ended.
        queued: jobs that wait.
        plugins: of which all but one have nothing to do; at most nine.
        runners: of one plugin, which share 16 slots.
        slots: of one runner.
        connections: of the client.
    """

    stored: tuple[int, ...] = (0, 100_000, 1_000_000)
    queued: tuple[int, ...] = (0, 10_000, 100_000)
    plugins: tuple[int, ...] = (1, 3, 9)
    runners: tuple[int, ...] = (1, 2, 4)
    slots: tuple[int, ...] = (2, 8, 16, 32)
    connections: tuple[int, ...] = (1, 4, 16, 64)

    def __post_init__(self) -> None:
        if max(self.plugins) > MOST_PLUGINS:
            raise ValueError("there are nine plugins to measure with, not more")


@dataclass(frozen=True)
class Bench:
    """The servers, a folder, and the amounts to measure.

    Attributes:
        rounds: runs of which a figure is the median.
        jobs: in one run end to end.
        stored: jobs the database holds when lists are measured.
        queued: how many of them wait, which is what the bulk change changes.
        pages: images of one image job.
        curve: where the cost of a job is measured.
    """

    servers: Servers
    folder: Path
    rounds: int
    jobs: int
    stored: int
    queued: int
    pages: int
    curve: CurveSizes = field(default_factory=CurveSizes)


@dataclass(frozen=True)
class Part:
    """One part of the measurements.

    Attributes:
        measure: yields its figures.
        minutes: about what it takes with the default amounts on two processors.
        rounds: unless asked for otherwise; fewer where runs differ little.
        by_name_only: left out of a whole measurement.
    """

    measure: Callable[[Bench], Iterator[Figure]]
    minutes: float
    rounds: int = 3
    by_name_only: bool = False

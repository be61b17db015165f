"""What every part of the measurements receives, and what a part is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.servers import Servers


@dataclass(frozen=True)
class Bench:
    """The servers, a folder, and the amounts to measure.

    Attributes:
        rounds: runs of which a figure is the median.
        jobs: in one run end to end.
        stored: jobs the database holds when lists are measured.
        queued: how many of them wait, which is what the bulk change changes.
        pages: images of one image job.
    """

    servers: Servers
    folder: Path
    rounds: int
    jobs: int
    stored: int
    queued: int
    pages: int


Part = Callable[[Bench], Iterator[Figure]]

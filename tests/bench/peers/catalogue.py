"""The systems that ours is compared with, and what each of them leaves out of the work of ours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.peers.same_work import run_same_work
from tests.bench.peers.task_queues import run_tasks
from tests.bench.stage.run import Run
from tests.bench.stage.servers import Servers
from tests.bench.stage.submissions import WARM

SINGLES, BATCHES = "singles", "batches"


@dataclass(frozen=True)
class Peer:
    """One system.

    Attributes:
        package: the one whose version is told.
        leaves_out: of what ours does.
        ways: how jobs are submitted.
        run: starts it on the servers and gives a run for each order, a way and a number of jobs.
    """

    package: str
    leaves_out: str
    ways: tuple[str, ...]
    run: Callable[[Servers, Path, Sequence[tuple[str, int]]], Iterator[Run]]


def _tasks(
    queue: str, servers: Servers, folder: Path, orders: Sequence[tuple[str, int]], *, confirms: bool
) -> Iterator[Run]:
    return run_tasks(queue, servers, folder, warm=WARM, orders=orders, confirms=confirms)


def _same_work(servers: Servers, folder: Path, orders: Sequence[tuple[str, int]]) -> Iterator[Run]:
    return run_same_work(servers, folder, warm=WARM, orders=orders)


_BARE = "no HTTP, no stored job, no states, no history, no counter; one insert of the result"
PEERS: Mapping[str, Peer] = {
    "dramatiq": Peer("dramatiq", _BARE, (SINGLES, BATCHES), partial(_tasks, "dramatiq", confirms=True)),
    "same_work": Peer(
        "dramatiq",
        "no transaction (a crash may lose a message or a count), no upload and download states, leases, "
        "cancel, priorities, access, audit, live view, nor indexes for lists",
        (SINGLES, BATCHES),
        _same_work,
    ),
    "celery": Peer("celery", f"no confirm, {_BARE}", (SINGLES,), partial(_tasks, "celery", confirms=False)),
    "celery_confirmed": Peer("celery", _BARE, (SINGLES,), partial(_tasks, "celery", confirms=True)),
}
"""By the name of their figures."""

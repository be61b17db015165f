"""The systems that ours is compared with, and what each of them leaves out of the work of ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.peers.same_work import run_same_work
from tests.bench.peers.task_queues import run_tasks
from tests.bench.stage.run import Orders, Run
from tests.bench.stage.servers import Servers
from tests.bench.stage.submissions import BATCHES, SINGLES


@dataclass(frozen=True)
class Peer:
    """One system.

    Attributes:
        package: the one whose version is reported.
        leaves_out: of what ours does.
        ways: how jobs are submitted.
        run: starts it on the servers, warms it up, and gives a run for each order.
    """

    package: str
    leaves_out: str
    ways: tuple[str, ...]
    run: Callable[[Servers, Path, Orders], Iterator[Run]]


_BARE = "HTTP, the stored job, its states and history, the counter (it stores one result)"
_SAME = (
    "transactions (a crash may lose a message or a count), upload and download states, leases, cancel, "
    "priorities, access, audit, live view, indexes for lists"
)
PEERS: Mapping[str, Peer] = {
    "dramatiq": Peer("dramatiq", _BARE, (SINGLES, BATCHES), partial(run_tasks, "dramatiq")),
    "same_work": Peer("dramatiq", _SAME, (SINGLES, BATCHES), run_same_work),
    "celery": Peer("celery", f"confirms, {_BARE}", (SINGLES,), partial(run_tasks, "celery", confirms=False)),
    "celery_confirmed": Peer("celery", _BARE, (SINGLES,), partial(run_tasks, "celery")),
}
"""By the name of their figures."""

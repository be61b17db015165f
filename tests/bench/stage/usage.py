"""The cost of a piece of work: wall-clock and processor seconds, peak memory, bytes of its results.

Processor seconds are those of a process tree before and after, ended members included: a tool is a child of a
slot, and its seconds are the slot's once it was waited for. Memory is looked at all the time, since nothing
keeps its peak.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 0.05
_KILOBYTE = 1024


class Cost(NamedTuple):
    """The cost of one run."""

    wall: float
    processor: float
    memory: float
    bytes: float


def cost_of(
    work: Callable[[], object],
    *,
    used: Callable[[], float],
    members: Callable[[], Collection[int]],
    results: Path,
) -> Cost:
    """Run the work. `used`: processor seconds so far; `members`: the processes whose memory counts."""
    before = used()
    with _watched(members) as peak:
        began = time.perf_counter()
        work()
        wall = time.perf_counter() - began
    made = sum(path.stat().st_size for path in results.rglob("*") if path.is_file())
    return Cost(wall, used() - before, peak.bytes, made)


def family(pid: int) -> set[int]:
    """A process and all its descendants. Read directly from /proc, since this is called often."""
    found, waiting = set[int](), [pid]
    while waiting:
        one = waiting.pop()
        found.add(one)
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (thread / "children").read_text(encoding="ascii").split())
    return found


class _Peak:
    def __init__(self) -> None:
        self.bytes = 0

    def look(self, members: Collection[int]) -> None:
        self.bytes = max(self.bytes, sum(map(_proportional_bytes, members)))


def _proportional_bytes(pid: int) -> int:
    """Resident bytes, with shared memory divided among its processes; 0 if the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KILOBYTE for line in lines if line.startswith("Pss:")), 0)


@contextlib.contextmanager
def _watched(members: Callable[[], Collection[int]]) -> Iterator[_Peak]:
    peak, ended = _Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            peak.look(members())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()

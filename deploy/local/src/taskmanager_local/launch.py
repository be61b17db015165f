"""A small program between a supervisor and each process: it prepares three things, then becomes the process.

1. The process dies with its parent (Linux), so that a killed supervisor leaves no orphans.
2. It notes who it is (pid and start time) and how often it was started, so that `down` and `status` find it.
3. After a crash it waits before the next start: longer each time, never giving up.

Here rather than in the supervisor, whose own waiting grows without bound and ends in giving up.
It must import quickly and know nothing of what it starts.
"""

import argparse
import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST_WAIT = timedelta(seconds=0.5)
LONGEST_WAIT = timedelta(seconds=30)
HEALTHY_AFTER = timedelta(seconds=60)
"""A process that lived this long is restarted at once: its crash does not count as one of a series."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Record:
    """What is known about one process, kept in a file across its restarts.

    Attributes:
        pid: the process id of the last start.
        create_time: its start in seconds since the epoch, from psutil; with the pid it identifies a process.
        restarts: how often it was restarted since `up`.
        crashes_in_a_row: how many of the last starts ended within `HEALTHY_AFTER`.
        started: when the last start happens or happened (ISO 8601); in the future while it waits.
    """

    pid: int
    create_time: float
    restarts: int
    crashes_in_a_row: int
    started: str

    @property
    def starts_at(self) -> datetime:
        """When the last start happens or happened."""
        return datetime.fromisoformat(self.started)


def read_record(path: Path) -> Record | None:
    """The record in that file, or None if the process was never started."""
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_record(path: Path, record: Record) -> None:
    """Replace the file in one step, since `status` may read it at any moment."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(record)), encoding="utf-8")
    beside.replace(path)


def wait_before(crashes_in_a_row: int) -> timedelta:
    """How long to wait before a start that follows this many crashes in a row."""
    if crashes_in_a_row == 0:
        return timedelta(0)
    doublings = min(crashes_in_a_row - 1, 16)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))


def next_record(previous: Record | None, now: datetime, pid: int, create_time: float) -> Record:
    """The record of the next start, including its wait; pure."""
    if previous is None:
        return Record(pid, create_time, 0, 0, now.isoformat())
    lived = now - previous.starts_at
    crashes = 1 if lived >= HEALTHY_AFTER else previous.crashes_in_a_row + 1
    starts = now if lived >= HEALTHY_AFTER else now + wait_before(crashes)
    return Record(pid, create_time, previous.restarts + 1, crashes, starts.isoformat())


def die_with_parent(parent: int, signal_number: int) -> None:
    """Have the kernel send the signal when the parent's thread ends; exit at once if it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that asked for this start is gone")


def wait_for_turn(record_file: Path) -> None:
    """Note this start in the record and sleep for as long as the preceding crashes require."""
    import psutil  # noqa: PLC0415 - takes a third of the start time, and private test servers need no record

    now = datetime.now(UTC)
    record = next_record(read_record(record_file), now, os.getpid(), psutil.Process().create_time())
    write_record(record_file, record)
    wait = (record.starts_at - now).total_seconds()
    if record.restarts:
        print(f"taskmanager-local: restart {record.restarts} in {wait:.1f} s", flush=True)  # noqa: T201 - into its log
    time.sleep(wait)


def main() -> None:
    """Parse the command line, prepare, and become the process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--parent", type=int, required=True, help="process id of the caller, or 0 for the actual parent"
    )
    parser.add_argument(
        "--signal", default="SIGTERM", help="signal the process gets when its parent has died"
    )
    parser.add_argument(
        "--record", type=Path, help="file that records the process; without it, restarts are not counted"
    )
    parser.add_argument(
        "--specification", type=Path, help="JSON file with the command's arguments and environment variables"
    )
    parser.add_argument("command", nargs="*", help="the command, if there is no specification")
    options = parser.parse_args()
    parent = os.getppid() if options.parent == 0 else options.parent
    die_with_parent(parent, signal.Signals[options.signal])
    if options.record:
        wait_for_turn(options.record)
    command = options.command
    if options.specification:
        specification = json.loads(options.specification.read_text(encoding="utf-8"))
        os.environ.update(specification["environment"])
        command = specification["arguments"]
    os.execvp(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()

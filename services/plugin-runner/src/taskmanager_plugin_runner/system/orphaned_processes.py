"""Finds and kills what an earlier process of the runner left running, even if stopped. Linux only.

Usually the guard of a slot leaves nothing (see `processes.guard_group`). This handles cases in which the
guard was stopped or killed as well, for example when all processes are frozen: each slot is recorded in the
runner's folder before it gets its first order, and its processes are recognised by the session it leads.
"""

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from taskmanager.process.logs import get_logger

PATTERN = ".slot.*.json"
LIMIT_SECONDS = 10.0
"""A process that waits for a dead file server ends when that responds; until then it does nothing more."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_DEAD = frozenset("ZX")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OrphanedProcess:
    """What the kernel tells anyone about a process (proc(5)); `start` is in clock ticks since boot."""

    pid: int
    parent: int
    session: int
    start: int
    state: str = ""

    @classmethod
    def of(cls, pid: int) -> "OrphanedProcess":
        """Read a process's status; raises FileNotFoundError or ProcessLookupError if it is gone."""
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()  # the name before it may contain anything
        return cls(pid, int(fields[1]), int(fields[3]), int(fields[19]), fields[0])


def note_slot(folder: Path, number: int, pid: int) -> None:
    """Record the process that leads a slot's session; raises OSError."""
    with contextlib.suppress(*_GONE):  # it has already ended, before any order
        record = {"pid": pid, "start": OrphanedProcess.of(pid).start, "boot": _boot()}
        file = folder / PATTERN.replace("*", str(number))
        part = file.with_suffix(".part")
        part.write_text(json.dumps(record), encoding="ascii")
        part.replace(file)


def find(folder: Path, users: Collection[int] = ()) -> set[int]:
    """What slots have left behind: their sessions, processes working in the folder, and what these started.

    The caller holds the folder, so no living runner has slots there. A process working in the folder counts
    only if its parent is gone: an operator may be looking into the folder. `users` are the slots' user ids.
    """
    known = {process.pid: process for process in _processes({os.geteuid(), *users})}
    own = _ancestors(os.getpid(), known)
    found = {pid for leader in _leaders(folder, known) for pid in _session(leader, known)}
    found |= {pid for pid in known if known[pid].parent in own | {0, 1} and _works_in(pid, folder)}
    fresh = found
    while fresh:
        fresh = {process.pid for process in known.values() if process.parent in fresh} - found
        found |= fresh
    return found - own


def end(folder: Path, users: Collection[int] = ()) -> int:
    """Kill all of these and wait for their end, at most `LIMIT_SECONDS`; returns how many were killed."""
    killed: set[int] = set()
    deadline = time.monotonic() + LIMIT_SECONDS
    while (left := find(folder, users)) and time.monotonic() < deadline:
        killed |= left
        _kill(left, deadline)
    if killed:
        log.warning("processes_of_earlier_runner_killed", processes=len(killed))
    if left:
        log.error("processes_of_earlier_runner_do_not_end", processes=sorted(left))
    for record in folder.glob(PATTERN):
        record.unlink()
    return len(killed)


def _kill(processes: set[int], deadline: float) -> None:
    handles = []
    for pid in processes:
        with contextlib.suppress(*_GONE):
            handles.append(os.pidfd_open(pid))
            signal.pidfd_send_signal(handles[-1], signal.SIGKILL)
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        os.close(handle)


def _processes(users: Collection[int]) -> Iterator[OrphanedProcess]:
    """The processes of these users, except dead ones, which do nothing and only their parents can reap."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(*_GONE):
                process = OrphanedProcess.of(int(entry.name))
                if process.state not in _DEAD and entry.stat().st_uid in users:
                    yield process


def _leaders(folder: Path, known: dict[int, OrphanedProcess]) -> Iterator[OrphanedProcess]:
    """The recorded slots whose process ids still refer to them."""
    for record in folder.glob(PATTERN):
        try:
            raw = json.loads(record.read_text(encoding="ascii"))
            noted = OrphanedProcess(raw["pid"], 0, raw["pid"], raw["start"])
            same_boot = raw["boot"] == _boot()
        except (ValueError, KeyError, TypeError):
            log.warning("slot_record_unreadable", file=record.name)
            continue
        now = known.get(noted.pid)
        if same_boot and (now is None or now.start == noted.start):
            yield noted


def _session(leader: OrphanedProcess, known: dict[int, OrphanedProcess]) -> set[int]:
    """The members of a leader's session; its id is not reused while the session has a member."""
    return {
        process.pid
        for process in known.values()
        if process.session == leader.session and process.start >= leader.start
    }


def _works_in(pid: int, folder: Path) -> bool:
    with contextlib.suppress(*_GONE):
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    return False


def _ancestors(pid: int, known: dict[int, OrphanedProcess]) -> set[int]:
    found = set()
    while pid in known:
        found.add(pid)
        pid = known[pid].parent
    return found


def _boot() -> str:
    return _BOOT.read_text(encoding="ascii").strip()

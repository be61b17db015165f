"""How much memory the processes of a job use, according to the kernel (proc(5)). Linux only; ends nothing.

The resident sizes are read first: this takes no lock of the process, so one that hangs cannot hold up the
reader. They count shared pages once for each process; the proportional sizes do not, but reading them can
hang, so they are read in a thread, and only when it matters.
"""

import contextlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager_plugin_runner.system.processes import descendants

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
"""Raised when reading about a process that ends in the meantime or changes its user."""


_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Limits of the control group that a container sees as its own: version 2, version 1."""
FOR_JOBS = 0.9
"""The share of the machine's memory for jobs; the rest is for the runner and the system."""


def machine_bytes(limits: Collection[Path] = _CGROUP_LIMITS) -> int:
    """The memory of this machine, or of the container if that has less."""
    found = [_PAGE_BYTES * os.sysconf("SC_PHYS_PAGES")]
    for limit in limits:
        with contextlib.suppress(OSError):
            text = limit.read_text(encoding="ascii").strip()
            found += [int(text)] if text.isdigit() else []
    return min(found)


PICTURE_MEMORY = "TASKMANAGER_PICTURE_MEMORY_MB"
"""The setting for plugins that read pictures; see docs/operations.md."""


def for_pictures(job_bytes: int | None = None) -> int:
    """What one picture may use by default: half of the machine's memory, and less than a job's limit.

    A picture too large for this is refused because of its header, not killed.
    """
    half = machine_bytes() // 2
    return half if job_bytes is None else min(half, job_bytes * 3 // 4)


def share_of(slots: int, machine: int) -> int:
    """What the job of one slot may use by default: all slots together must fit."""
    return int(machine * FOR_JOBS) // slots


@dataclass(frozen=True, slots=True)
class Usage:
    """The memory used by a process and everything it started, with the name of the largest process."""

    bytes: int = 0
    processes: int = 0
    largest: str = ""
    largest_bytes: int = 0

    def words(self) -> str:
        """The usage in words, for an operator."""
        if self.processes == 1:
            return size_words(self.bytes)
        return attempt_texts.PROCESSES(
            size=size_words(self.bytes),
            number=self.processes,
            name=self.largest,
            largest=size_words(self.largest_bytes),
        )


def resident(leader: int) -> Usage:
    """Usage by resident sizes; never blocks."""
    return _usage(leader, _resident_bytes)


def proportional(leader: int) -> Usage:
    """Usage by proportional sizes, which add up to what is really used; may block."""
    return _usage(leader, _proportional_bytes)


def _usage(leader: int, size_of: Callable[[int], int]) -> Usage:
    sizes = dict(_sizes({leader} | descendants(leader), size_of))
    if not sizes:
        return Usage()
    largest = max(sizes, key=sizes.__getitem__)
    return Usage(sum(sizes.values()), len(sizes), _name(largest), sizes[largest])


def _sizes(processes: set[int], size_of: Callable[[int], int]) -> Iterator[tuple[int, int]]:
    for pid in processes:
        with contextlib.suppress(*_GONE):
            yield pid, size_of(pid)


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except PermissionError:
        return _unshared_bytes(pid)  # other processes cannot inspect a slot, see `secrecy`
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _resident_bytes(pid)  # a process that is just ending no longer has such lines


def _unshared_bytes(pid: int) -> int:
    """Resident memory that is not backed by a file."""
    _, resident_pages, file_pages, *_ = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return (int(resident_pages) - int(file_pages)) * _PAGE_BYTES


def _name(pid: int) -> str:
    with contextlib.suppress(*_GONE):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return str(pid)


def oom_kills() -> int | None:
    """How often the kernel has killed a process for lack of memory since boot; None if it does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def size_words(size: int) -> str:
    """A readable size, such as `1.5 GiB`."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":  # noqa: PLR2004 - that is what these units are
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"

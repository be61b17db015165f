"""What processes use: processor seconds and memory, of a process with all its descendants (Linux)."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import psutil

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Memory:
    """Resident bytes, and the proportional share after dividing memory that processes have in common."""

    resident_bytes: int
    proportional_bytes: int


def memory_of(pids: Iterable[int]) -> Memory:
    """The memory of these processes together, without their children."""
    infos = [psutil.Process(pid).memory_full_info() for pid in pids]
    return Memory(sum(info.rss for info in infos), sum(info.pss for info in infos))


def children_of(pid: int) -> list[int]:
    """All descendants of a process."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def processor_seconds(pid: int) -> float:
    """Used so far by a process and its descendants, including those that ended and were waited for."""
    total = 0.0
    for member in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            total += sum(member.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


class Bystanders:
    """The share of the machine's processors used by anything but this process and its descendants."""

    def __init__(self) -> None:
        """Begins measuring now."""
        self._began = time.monotonic()
        self._before = (_machine_seconds(), processor_seconds(os.getpid()))

    def percent(self) -> float:
        """Of all processors together, until now; what ran in between must have been waited for."""
        busy, own = _machine_seconds() - self._before[0], processor_seconds(os.getpid()) - self._before[1]
        available = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return max(0.0, 100 * (busy - own) / available)


def _machine_seconds() -> float:
    """Used by all processes, and on a virtual machine by its neighbours, which is `steal` (proc(5))."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


@dataclass
class ProcessorMeter:
    """Processor seconds of named processes between `start` and `stop`, and of this process itself."""

    pids: Mapping[str, int]
    _before: dict[str, float] = field(default_factory=dict)

    def start(self) -> None:
        """Record the current values."""
        self._before = self._now()

    def stop(self) -> dict[str, float]:
        """The seconds since `start`."""
        return {name: seconds - self._before[name] for name, seconds in self._now().items()}

    def _now(self) -> dict[str, float]:
        used = {name: processor_seconds(pid) for name, pid in self.pids.items()}
        return {**used, "client": time.process_time()}

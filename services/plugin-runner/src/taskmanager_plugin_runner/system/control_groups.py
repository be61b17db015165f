"""A control group for each slot, if the system gives the runner one to divide (cgroups(7), v2).

The kernel then enforces the memory limit, and everything in a group can be killed as a whole, wherever its
processes have moved. A runner also works without: memory is then only monitored, see `limit_watch`.
"""

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from taskmanager.files.mounts import Mount, mount_of
from taskmanager.process.logs import get_logger

CONTROLLERS = ("memory", "pids")
RUNNER = "runner"
SLOT = "slot-"
PROCESSES = 1000
"""Processes and threads that one slot may have at a time; the kernel refuses more."""
_DELEGATED = ("user.delegate", "trusted.delegate")
"""Extended attributes with which systemd marks a group as delegated to its service."""
_PLACES = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
_PROCESSES = "cgroup.procs"
_TRIES = 10

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MemoryEvents:
    """The kernel's counts in `memory.events`: limits reached, and processes killed for lack of memory."""

    limit_met: int = 0
    killed: int = 0

    @classmethod
    def parse(cls, text: str) -> "MemoryEvents":
        """From the text of the file."""
        counts = {name: int(value) for name, value in (line.split() for line in text.splitlines())}
        return cls(counts.get("oom", 0), counts.get("oom_kill", 0))

    def starved_since(self, before: "MemoryEvents") -> bool:
        """Whether a process was killed since then due to the group's own limit, not the machine's memory."""
        return self.limit_met > before.limit_met and self.killed > before.killed


def own_group(cgroup: str, mount: Mount | None) -> Path | None:
    """The path of a process's group, from its `/proc/PID/cgroup` and the mount of version 2."""
    path = next((line[3:] for line in cgroup.splitlines() if line.startswith("0::/")), None)
    if mount is None or path is None or not PurePosixPath(path).is_relative_to(mount.root):
        return None
    return mount.point / PurePosixPath(path).relative_to(mount.root)


def why_not(group: Path | None, user: int) -> str | None:
    """Why a process may not divide this group, or None if it may. Divides nothing."""
    if group is None:
        return "control groups of version 2 are not mounted"
    if not (group / "cgroup.type").exists():
        return "the runner is in the root of all control groups"
    if not all(os.access(group / name, os.W_OK) for name in (".", _PROCESSES, "cgroup.subtree_control")):
        return f"{group} may not be written to"
    own_root = group in _PLACES  # of a control group namespace, as in a container
    if not (own_root or (user != 0 and group.stat().st_uid == user) or _is_delegated(group)):
        return f"{group} is not delegated (Delegate=yes in a systemd unit)"
    return None


def _is_delegated(group: Path) -> bool:
    for name in _DELEGATED:
        with contextlib.suppress(OSError):
            if os.getxattr(group, name) == b"1":
                return True
    return False


class SlotGroup:
    """The control group of one slot."""

    def __init__(self, folder: Path, controllers: Collection[str]) -> None:
        """`folder` is below the runner's group; `controllers` are those enabled in it."""
        self.folder, self._controllers = folder, controllers
        self._before = MemoryEvents()

    @property
    def limits_memory(self) -> bool:
        """Whether the kernel enforces a memory limit here."""
        return "memory" in self._controllers

    def make(self) -> None:
        """Create the group, without a memory limit; raises OSError."""
        self.folder.mkdir(exist_ok=True)
        if "pids" in self._controllers:
            _write(self.folder / "pids.max", str(PROCESSES))
        if self.limits_memory:
            if (swap := self.folder / "memory.swap.max").exists():  # missing on a kernel without swap
                _write(swap, "0")
            _write(self.folder / "memory.oom.group", "1")
        self.limit(None)

    def limit(self, size: int | None) -> None:
        """Set the memory limit in bytes, None for no limit; raises OSError."""
        if self.limits_memory:
            _write(self.folder / "memory.max", "max" if size is None else str(size))
            self._before = self._events()

    def starved(self) -> bool:
        """Whether the kernel killed a process because of the limit that was set last."""
        try:
            return self.limits_memory and self._events().starved_since(self._before)
        except OSError as error:
            log.warning("memory_events_not_read", group=self.folder.name, error=str(error))
            return False

    def kill(self) -> None:
        """Send SIGKILL to all processes in the group, whatever they are doing; does nothing if it is gone."""
        if (file := self.folder / "cgroup.kill").exists():  # since Linux 5.14
            try:
                _write(file, "1")
            except OSError as error:
                log.warning("group_not_killed", group=self.folder.name, error=str(error))

    def _events(self) -> MemoryEvents:
        return MemoryEvents.parse((self.folder / "memory.events").read_text(encoding="ascii"))


class Groups:
    """The runner's group, divided: one for itself and one for each slot."""

    def __init__(self, base: Path, controllers: Collection[str]) -> None:
        """`base` is the group that was divided."""
        self._base, self.controllers = base, controllers

    def slot(self, number: int) -> SlotGroup:
        """The group of a slot, not yet created."""
        return SlotGroup(self._base / f"{SLOT}{number}", self.controllers)


def divide() -> Groups | None:
    """Divide the runner's own group if the system allows it; otherwise log why not and return None."""
    mounts = (mount_of(place) for place in _PLACES)
    mount = next((one for one in mounts if one is not None and one.kind == "cgroup2"), None)
    group = own_group(Path("/proc/self/cgroup").read_text(encoding="utf-8"), mount)
    reason = why_not(group, os.geteuid())
    if group is None or reason is not None:
        log.info("no_control_groups", why=reason)
        return None
    try:
        return _divide(group)
    except OSError as error:
        log.warning("no_control_groups", why=str(error))
        return None


def _divide(group: Path) -> Groups:
    """A group with controllers for its children may hold no process of its own, so all of them move first."""
    for left in group.glob(f"{SLOT}*"):
        SlotGroup(left, ()).kill()  # of an earlier runner
    (group / RUNNER).mkdir(exist_ok=True)
    for _ in range(_TRIES):  # a process there may start another in the meantime
        if not (there := (group / _PROCESSES).read_text(encoding="ascii").split()):
            break
        for pid in there:
            with contextlib.suppress(ProcessLookupError):
                _write(group / RUNNER / _PROCESSES, pid)
    known = (group / "cgroup.controllers").read_text(encoding="ascii").split()
    controllers = frozenset(CONTROLLERS) & frozenset(known)
    _write(group / "cgroup.subtree_control", " ".join(f"+{name}" for name in sorted(controllers)))
    log.info("control_groups", group=str(group), controllers=sorted(controllers))
    return Groups(group, controllers)


def enter(folder: Path) -> None:
    """Move this process, and thus all it will start, into a group; raises OSError."""
    _write(folder / _PROCESSES, "0")


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="ascii") as opened:
        opened.write(text)

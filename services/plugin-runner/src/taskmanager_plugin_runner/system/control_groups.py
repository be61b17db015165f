"""A control group of its own for each slot, where the system gives the runner one to divide (cgroups(7), v2).

The kernel then keeps the limit of memory, and what is in a group can be ended as a whole, wherever its
processes have gone. A runner works without as well: memory is then looked at, see `limit_watch`.
"""

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import structlog

from taskmanager.files.mounts import Mount, mount_of

CONTROLLERS = ("memory", "pids")
RUNNER = "runner"
SLOT = "slot-"
PROCESSES = 1000
"""Processes and threads of one slot at a time; the kernel refuses it more."""
_DELEGATED = ("user.delegate", "trusted.delegate")
"""Extended attributes by which systemd says that a group is its service's to divide."""
_PLACES = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
_PROCESSES = "cgroup.procs"
_TRIES = 10

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MemoryEvents:
    """What the kernel has counted in `memory.events`: limits met, and processes ended for want of memory."""

    limit_met: int = 0
    killed: int = 0

    @classmethod
    def parse(cls, text: str) -> "MemoryEvents":
        """From the file's text."""
        counts = {name: int(value) for name, value in (line.split() for line in text.splitlines())}
        return cls(counts.get("oom", 0), counts.get("oom_kill", 0))

    def starved_since(self, before: "MemoryEvents") -> bool:
        """Whether something was ended since then because of the group's own limit, not the machine's."""
        return self.limit_met > before.limit_met and self.killed > before.killed


def own_group(cgroup: str, mount: Mount | None) -> Path | None:
    """Where the group of a process lies, from its `/proc/PID/cgroup` and the mount of version 2."""
    path = next((line[3:] for line in cgroup.splitlines() if line.startswith("0::/")), None)
    if mount is None or path is None or not PurePosixPath(path).is_relative_to(mount.root):
        return None
    return mount.point / PurePosixPath(path).relative_to(mount.root)


def why_not(group: Path | None, user: int) -> str | None:
    """Why this group is not a process's to divide, None if it is. Divides nothing."""
    if group is None:
        return "control groups of version 2 are not mounted"
    if not (group / "cgroup.type").exists():
        return "the runner is in the root of all control groups"
    if not all(os.access(group / name, os.W_OK) for name in (".", _PROCESSES, "cgroup.subtree_control")):
        return f"{group} may not be written to"
    own_root = group in _PLACES  # of a control group namespace, as a container has
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
    """The group of one slot."""

    def __init__(self, folder: Path, controllers: Collection[str]) -> None:
        """Below the runner's, with these controllers."""
        self.folder, self._controllers = folder, controllers
        self._before = MemoryEvents()

    @property
    def limits_memory(self) -> bool:
        """Whether the kernel keeps a limit of memory here."""
        return "memory" in self._controllers

    def make(self) -> None:
        """Make it, without a limit of memory; raises OSError."""
        self.folder.mkdir(exist_ok=True)
        if "pids" in self._controllers:
            _write(self.folder / "pids.max", str(PROCESSES))
        if self.limits_memory:
            if (swap := self.folder / "memory.swap.max").exists():  # not on a kernel without swap
                _write(swap, "0")
            _write(self.folder / "memory.oom.group", "1")
        self.limit(None)

    def limit(self, size: int | None) -> None:
        """So many bytes from now on; raises OSError."""
        if self.limits_memory:
            _write(self.folder / "memory.max", "max" if size is None else str(size))
            self._before = self._events()

    def starved(self) -> bool:
        """Whether the kernel ended it because of the limit that was set last."""
        try:
            return self.limits_memory and self._events().starved_since(self._before)
        except OSError as error:
            log.warning("memory_events_not_read", group=self.folder.name, error=str(error))
            return False

    def kill(self) -> None:
        """SIGKILL to all in it, whatever they are doing; nothing happens if it is gone."""
        if (file := self.folder / "cgroup.kill").exists():  # since Linux 5.14
            try:
                _write(file, "1")
            except OSError as error:
                log.warning("group_not_killed", group=self.folder.name, error=str(error))

    def _events(self) -> MemoryEvents:
        return MemoryEvents.parse((self.folder / "memory.events").read_text(encoding="ascii"))


class Groups:
    """The runner's group, divided: one for itself, one for each slot."""

    def __init__(self, base: Path, controllers: Collection[str]) -> None:
        """Of a group that was divided."""
        self._base, self.controllers = base, controllers

    def slot(self, number: int) -> SlotGroup:
        """The group of a slot, not made yet."""
        return SlotGroup(self._base / f"{SLOT}{number}", self.controllers)


def divide() -> Groups | None:
    """Divide the runner's own group if the system lets it, or say in the log why not."""
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
    """A group with controllers for others may hold no process of its own, so all of them move first."""
    for left in group.glob(f"{SLOT}*"):
        SlotGroup(left, ()).kill()  # of an earlier runner
    (group / RUNNER).mkdir(exist_ok=True)
    for _ in range(_TRIES):  # one that is there may start another meanwhile
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
    """Move this process, and so all it will start, into a group; raises OSError."""
    _write(folder / _PROCESSES, "0")


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="ascii") as opened:
        opened.write(text)

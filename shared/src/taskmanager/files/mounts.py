"""What is mounted where, according to the kernel. Knows no job."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo (proc(5)): `root` is the folder of the file system that appears at `point`."""

    point: Path
    device: str
    root: PurePosixPath
    kind: str

    def place_of(self, path: Path) -> tuple[str, PurePosixPath]:
        """The file system, and the folder in it, that `path` below the mount point refers to."""
        return self.device, self.root / path.relative_to(self.point)


def mount_of(path: Path, mounts: str | None = None) -> Mount | None:
    """The mount that an absolute path without links is on; `mounts` as in mountinfo. None if unknown."""
    best, length, text = None, -1, f"{path}/"
    for prefix, mount in _table(_read() if mounts is None else mounts):
        if len(prefix) >= length and text.startswith(prefix):
            best, length = mount, len(prefix)  # of several at one point, the last hides the others
    return best


def _read() -> str:
    try:
        return MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""  # not Linux


@lru_cache(maxsize=4)
def _table(text: str) -> tuple[tuple[str, Mount], ...]:
    """The mounts, each with the prefix of paths on it; they seldom change."""
    found = map(_parse, text.splitlines())
    return tuple((f"{str(mount.point).rstrip('/')}/", mount) for mount in found)


def _parse(line: str) -> Mount:
    left, _, right = line.partition(" - ")
    words = left.split(" ")
    return Mount(Path(_unescape(words[4])), words[2], PurePosixPath(_unescape(words[3])), right.split()[0])


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)

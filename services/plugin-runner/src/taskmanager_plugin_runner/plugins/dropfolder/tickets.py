"""How the pictures of a job are divided into tickets, and what these are called. Reads sizes and samples.

A ticket's name tells the job and what is in it: the next attempt of the job finds its own tickets, and never
takes the answer to an earlier version of its pictures for its own.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ODD: Final = re.compile(r"[^A-Za-z0-9_-]+")
_TITLE_MOST: Final = 60
_SAMPLE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """One file to hand over: its size in bytes, and what tells it from another version of itself."""

    path: Path
    size: int
    sample: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """One folder for the engine."""

    name: str
    pictures: tuple[Picture, ...]

    @property
    def size(self) -> int:
        """Bytes of all pictures."""
        return sum(one.size for one in self.pictures)


def picture(path: Path) -> Picture:
    """A file with its size, and a checksum of its beginning and end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_SAMPLE_BYTES))
        file.seek(max(0, size - _SAMPLE_BYTES))
        digest.update(file.read(_SAMPLE_BYTES))
    return Picture(path, size, digest.hexdigest())


def divide(
    pictures: Sequence[Picture], job: str, title: str, pictures_most: int, bytes_most: int
) -> list[Ticket]:
    """Tickets of at most so many pictures and bytes, in order; a larger picture has one of its own."""
    groups: list[list[Picture]] = []
    size = 0
    for one in pictures:
        if not groups or len(groups[-1]) == pictures_most or size + one.size > bytes_most:
            groups.append([])
            size = 0
        groups[-1].append(one)
        size += one.size
    return [
        Ticket(f"{prefix_of(job, title)}_{_version(group)}_{number:04}", tuple(group))
        for number, group in enumerate(groups, start=1)
    ]


def prefix_of(job: str, title: str) -> str:
    """How the names of all tickets of a job begin."""
    plain = _ODD.sub("_", title)[:_TITLE_MOST].strip("_-") or "job"
    return f"{plain}_{hashlib.sha256(job.encode()).hexdigest()[:12]}"


def _version(pictures: Sequence[Picture]) -> str:
    said = "\n".join(f"{one.path.name}/{one.size}/{one.sample}" for one in pictures)
    return hashlib.sha256(said.encode()).hexdigest()[:10]

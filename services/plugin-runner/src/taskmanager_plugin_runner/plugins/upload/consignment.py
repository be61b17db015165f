"""What is sent: files with their names at the other side, sizes and checksums. Connects to nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.upload import texts

TEMPORARY: Final = "_temp_"
"""How the name of something begins that is not complete."""
_CHUNK_BYTES: Final = 1024 * 1024
_NAME_BYTES_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: its name at the other side, relative to the folder there, and where it is here."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was read back of one file; `sha256` is None where only the size is known."""

    size: int
    sha256: str | None = None


class Reading:
    """What was read of one file so far; may be cancelled between any two pieces."""

    def __init__(self, context: JobContext) -> None:
        self._context, self._digest = context, hashlib.sha256()
        self.size = 0

    def take(self, chunk: bytes) -> None:
        """Count the next piece."""
        self._context.checkpoint()
        self._digest.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """The checksum of all that was taken."""
        return self._digest.hexdigest()


def pieces_of(context: JobContext) -> list[Piece]:
    """The files of the source, read once; raises JobFailedError if there are none."""
    found = []
    for file in context.files():
        context.checkpoint()
        context.wait_for(file)
        found.append(piece(file, file.name, context))
    if not found:
        raise JobFailedError(texts.NOTHING())
    return found


def piece(path: Path, name: str, context: JobContext) -> Piece:
    """A file with its checksum."""
    reading = Reading(context)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            reading.take(chunk)
    return Piece(name, path, reading.size, reading.sha256)


def name_of(context: JobContext, pattern: str, wanted: str | None) -> str:
    """The name of the folder at the other side; raises JobFailedError for one that leads elsewhere."""
    spec, goobi = context.spec, context.spec.goobi
    values = {
        "process_id": str(goobi.process_id) if goobi and goobi.process_id is not None else "",
        "process_title": spec.work_title,
        "title": spec.title or "",
        "job_id": context.job_id,
    }
    name = wanted or pattern.format_map(values)
    odd = any(one in name for one in "/\\\0") or any(ord(one) < ord(" ") for one in name)
    if (
        odd
        or not name.strip()
        or name.startswith((".", TEMPORARY, "-"))
        or len(name.encode()) > _NAME_BYTES_MOST
    ):
        raise JobFailedError(texts.BAD_NAME(name=repr(name)))
    return name


def difference(pieces: Sequence[Piece], found: Mapping[str, Arrived]) -> str | None:
    """What distinguishes the folder at the other side from what it should be; None if nothing does."""
    wanted = {one.name for one in pieces}
    for one in pieces:
        there = found.get(one.name)
        if there is None:
            return texts.MISSING(name=one.name)
        if (said := unlike(one, there)) is not None:
            return said
    more = sorted(set(found) - wanted)
    return texts.TOO_MUCH(name=more[0]) if more else None


def unlike(sent: Piece, there: Arrived) -> str | None:
    """What distinguishes a file at the other side from the one that was sent; None if nothing does."""
    if there.size != sent.size:
        return texts.OTHER_SIZE(name=sent.name, found=there.size, wanted=sent.size)
    if there.sha256 is not None and there.sha256 != sent.sha256:
        return texts.OTHER_CONTENT(name=sent.name, found=there.sha256, wanted=sent.sha256)
    return None


def require_arrived(sent: Piece, there: Arrived, where: str) -> None:
    """Raise JobFailedError if what was read back is not what was sent."""
    if (said := unlike(sent, there)) is not None:
        raise JobFailedError(texts.NOT_ARRIVED(where=where, detail=said))


def checksums(pieces: Sequence[Piece]) -> str:
    """A list as `sha256sum` writes and checks it."""
    return "".join(f"{one.sha256}  {one.name}\n" for one in pieces)


def read_checksums(text: str) -> dict[str, str]:
    """The checksums of such a list by name; other lines are left out."""
    found = {}
    for line in text.splitlines():
        digest, separator, name = line.partition("  ")
        if not separator:
            digest, separator, name = line.partition(" *")
        if separator and len(digest) == 64 and digest.isalnum():  # noqa: PLR2004 - digits of a SHA-256
            found[name.removeprefix("./")] = digest.lower()
    return found

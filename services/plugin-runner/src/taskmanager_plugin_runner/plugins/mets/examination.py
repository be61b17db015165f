"""Examines one METS document and the files that it names."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from hashlib import new
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.existing_results import listed
from taskmanager_plugin_runner.plugins.mets import document, places, schema, structure, texts
from taskmanager_plugin_runner.plugins.mets.document import NamedFile
from taskmanager_plugin_runner.plugins.mets.places import Placed, Where
from taskmanager_plugin_runner.plugins.mets.profile import Profile

_PIECE_BYTES: Final = 4 * 1024 * 1024
_HASHES: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_SUMS: Final[Mapping[str, tuple[Callable[[bytes, int], int], int]]] = {
    "CRC32": (zlib.crc32, 0),
    "Adler-32": (zlib.adler32, 1),
}
KINDS: Final = (*_HASHES, *_SUMS)
"""The kinds of checksums of METS that are checked; not those that nobody uses (HAVAL, TIGER, WHIRLPOOL)."""

Check = Callable[[str], None]
"""Called before each file, with its name: a checkpoint."""


@dataclass(slots=True)
class Findings:
    """What was found: faults make the document invalid, notes do not; and each file with its state."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[tuple[str, str, str]] = field(default_factory=list)
    """ID or nothing, address or path, and `there`, `changed`, `missing`, `elsewhere` or `not-named`."""


def examine(path: Path, name: str, there: Mapping[str, Path], profile: Profile, check: Check) -> Findings:
    """All about a document; `name` is its path in the source, `there` are the files of the source by path.

    Raises JobFailedError if the schema of the template cannot be used, which is no verdict.
    """
    found = Findings()
    try:
        tree = document.parse(path)
    except JobFailedError as error:
        found.faults.append(told(error))
        return found
    found.faults += structure.faults(tree.getroot())
    if profile.schema_file is not None:
        found.faults += schema.faults(tree, profile.schema_file)
    if tree.getroot().tag == document.name("mets"):
        found.notes += structure.notes(tree.getroot())
        _look_at_files(tree.getroot(), name, there, profile, check, found)
    return found


def _look_at_files(
    root: etree._Element,
    name: str,
    there: Mapping[str, Path],
    profile: Profile,
    check: Check,
    found: Findings,
) -> None:
    named = document.files(root)
    uses = {one.group for one in named}
    found.faults += [texts.EMPTY_GROUP(use=use) for use in profile.groups if use not in uses]
    where = places.placed(named, there, name, profile.groups)
    for one in where:
        state = one.where.value
        if one.file is not None:
            check(one.file)
            odd = _differences(one.named, there[one.file], found)
            found.faults += odd
            state = "changed" if odd else state
        found.files.append((one.named.id, one.file or one.named.href, state))
    _sum_up(where, profile, found)
    unnamed = places.not_named(where, there, profile.folders)
    found.files += [("", file, "not-named") for file in unnamed]
    if unnamed:
        (found.notes if profile.unnamed_allowed else found.faults).append(
            texts.NOT_NAMED(names=listed(unnamed))
        )


def _sum_up(where: list[Placed], profile: Profile, found: Findings) -> None:
    missing = [one.named.href for one in where if one.where is Where.MISSING]
    elsewhere = [one.named.href for one in where if one.where is Where.ELSEWHERE]
    bare = [one.file for one in where if one.file is not None and not one.named.checksum]
    if missing:
        found.faults.append(texts.FILE_MISSING(names=listed(missing)))
    if elsewhere:
        found.notes.append(texts.REMOTE(number=len(elsewhere), example=elsewhere[0]))
    if bare and profile.checksums:
        found.faults.append(texts.CHECKSUM_MISSING(number=len(bare), names=listed(bare)))


def _differences(named: NamedFile, path: Path, found: Findings) -> list[str]:
    """Where a file is not what METS says of it."""
    odd, size = list[str](), path.stat().st_size
    if named.size is not None and named.size.strip() != str(size):
        odd.append(texts.FILE_SIZE(name=path.name, found=size, wanted=named.size))
    kind = named.checksum_type
    if not named.checksum or not kind:
        return odd
    if kind not in KINDS:
        note = texts.CHECKSUM_UNKNOWN(kind=kind)
        found.notes += [] if note in found.notes else [note]
        return odd
    digest, wanted = checksum(path, kind), named.checksum.strip().lower()
    if digest != (wanted.rjust(8, "0") if kind in _SUMS else wanted):
        odd.append(texts.FILE_CHANGED(kind=kind, name=path.name, found=digest, wanted=wanted))
    return odd


def checksum(path: Path, kind: str) -> str:
    """The checksum of a file in hexadecimal; `kind` is one of `KINDS`."""
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(_PIECE_BYTES), b"")
        if kind in _SUMS:
            function, start = _SUMS[kind]
            return f"{reduce(lambda value, piece: function(piece, value), pieces, start):08x}"
        hashed = new(_HASHES[kind], usedforsecurity=False)
        for piece in pieces:
            hashed.update(piece)
        return hashed.hexdigest()

"""Finds the input files of a job. Knows nothing about where they go."""

import os
from pathlib import Path
from typing import NamedTuple

from taskmanager.files.listing import odd_kind
from taskmanager.files.parts import Parts
from taskmanager.files.roots import Roots
from taskmanager.files.sources import Identity, SourceFile, files_taken
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.failures import refuse

__all__ = ["Fingerprint", "Identity", "SourceFile", "odd_entries", "scan", "scan_parts"]


class Fingerprint(NamedTuple):
    """Shows whether a file is still the one seen before."""

    bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Fingerprint":
        """The fingerprint of a file from its current status."""
        return cls(found.st_size, found.st_mtime_ns)


def scan(source: Path, roots: Roots) -> list[SourceFile]:
    """The regular files of a folder, or the single file, in natural order; raises JobFailedError."""
    return _found(source, roots, None)


def scan_parts(source: Path, roots: Roots, parts: Parts) -> list[SourceFile]:
    """The files that match the patterns of a plugin, wherever they are; raises JobFailedError."""
    return _found(source, roots, parts)


def _found(source: Path, roots: Roots, parts: Parts | None) -> list[SourceFile]:
    try:
        return files_taken(source, roots, parts)
    except OSError as error:
        refuse(error, file_texts.SOURCE_UNREADABLE, path=source)


def odd_entries(source: Path) -> tuple[str, ...]:
    """Entries of a source folder that are never read: `name (a named pipe)`; raises OSError."""
    if not source.is_dir():
        return ()
    with os.scandir(source) as entries:
        odd = [entry for entry in entries if not (entry.is_file() or entry.is_dir() or entry.name[0] == ".")]
        return tuple(
            file_texts.OF_KIND(name=entry.name, kind=kind)
            for entry in odd
            if (kind := odd_kind(entry.stat().st_mode))
        )

"""Finds the input files of a job. Knows nothing about where they go."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from taskmanager.errors import JobFailedError, PathRefusedError
from taskmanager.paths import Roots
from taskmanager.sources import natural
from taskmanager_plugin_runner.failures import refuse


class SourceFile(NamedTuple):
    """One input file: its name in the source, the real file behind it, and its size."""

    name: str
    path: Path
    bytes: int


def scan(source: Path, roots: Roots) -> list[SourceFile]:
    """The regular files of a folder, or the one file, in natural order.

    Hidden files and sub-folders are left out: Goobi's image folders are flat, and what lies deeper
    (thumbnails, backups) is not meant for conversion. Links are followed if they stay inside the roots.
    Raises JobFailedError if the source is missing, unreadable or empty, or a link leads out.
    """
    if not source.exists():
        raise JobFailedError(
            f"the source {source} does not exist: check the path and whether the share is mounted"
        )
    try:
        found = sorted(_files(source, roots), key=lambda file: natural(Path(file.name)))
    except OSError as error:
        refuse(error, f"the source {source} cannot be read")
    if not found:
        raise JobFailedError(
            f"the source {source} holds no files (hidden files and sub-folders do not count)"
        )
    return found


def _files(source: Path, roots: Roots) -> Iterator[SourceFile]:
    if not source.is_dir():
        yield SourceFile(source.name, source, source.stat().st_size)
        return
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            if entry.is_symlink():
                path = _behind(path, roots)
            if path.is_file():
                yield SourceFile(entry.name, path, path.stat().st_size)


def _behind(link: Path, roots: Roots) -> Path:
    try:
        return roots.contain(link.resolve(strict=True), str(link))
    except PathRefusedError as error:
        raise JobFailedError(f"the source holds a link that is not followed: {error}") from error
    except (FileNotFoundError, RuntimeError) as error:
        raise JobFailedError(f"the source holds a link to nothing: {link}") from error

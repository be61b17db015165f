"""Which files a job takes of its source: the same for the runner that brings them and for a look ahead.

Opens nothing, and knows nothing about where the files go.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from taskmanager.errors import JobFailedError, PathRefusedError
from taskmanager.files.listing import natural, odd_kind
from taskmanager.files.parts import Parts, taken
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons.job_texts import file_texts

Identity = tuple[int, int]
"""Device and inode: identifies a file, whatever it is called."""


class SourceFile(NamedTuple):
    """One input file: its name in the source, the real file behind it, its size, and its identity.

    The name is a path with `/` if the file is deeper in a source of which a plugin takes parts.
    """

    name: str
    path: Path
    bytes: int
    identity: Identity


def own_files(source: Path, roots: Roots) -> list[SourceFile]:
    """The regular files of a folder, or the single file, in natural order.

    Hidden files and sub-folders are left out: Goobi's image folders are flat, and anything deeper
    (thumbnails, backups) is not meant for conversion. Links are followed if they stay inside the roots.
    Pipes, sockets and devices are skipped in a folder, and are not accepted as a source. Nothing is opened.
    Raises JobFailedError if the source is missing or empty, or if a link leads outside; OSError.
    """
    if not source.exists():
        raise JobFailedError(file_texts.SOURCE_MISSING(path=source))
    found = sorted(_files(source, roots), key=lambda file: natural(Path(file.name)))
    if not found:
        raise JobFailedError(file_texts.SOURCE_EMPTY(path=source))
    return found


def _files(source: Path, roots: Roots) -> Iterator[SourceFile]:
    if not source.is_dir():
        yield _single(source)
        return
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            if entry.is_symlink():
                path = _behind(path, roots)
            details = path.stat()
            if stat.S_ISREG(details.st_mode):
                yield _file(entry.name, path, details)


def _behind(link: Path, roots: Roots) -> Path:
    try:
        return roots.contain(link.resolve(strict=True), str(link))
    except PathRefusedError as error:
        raise JobFailedError(file_texts.LINK_NOT_FOLLOWED(error=error)) from error
    except (FileNotFoundError, RuntimeError) as error:
        raise JobFailedError(file_texts.LINK_TO_NOTHING(path=link)) from error


def _single(source: Path) -> SourceFile:
    details = source.stat()
    if (kind := odd_kind(details.st_mode)) is not None:
        raise JobFailedError(file_texts.SOURCE_NO_FILE(path=source, kind=kind))
    return _file(source.name, source, details)


def _file(name: str, path: Path, details: os.stat_result) -> SourceFile:
    return SourceFile(name, path, details.st_size, (details.st_dev, details.st_ino))


def files_of_parts(source: Path, roots: Roots, parts: Parts) -> list[SourceFile]:
    """The files that match the patterns of a plugin, wherever they are below the source.

    Links to files and folders are followed if they stay inside the roots. Raises as `own_files` does, and
    JobFailedError if nothing matches.
    """
    if not source.exists():
        raise JobFailedError(file_texts.SOURCE_MISSING(path=source))
    if not source.is_dir():
        _single(source)  # refuses what is no file
        roots.contain(source.parent.parent, str(source))
    found = [
        _file(str(place), path, path.stat())
        for place, path in taken(source, parts, lambda link: _behind(link, roots))
    ]
    if not found:
        raise JobFailedError(file_texts.SOURCE_WITHOUT_PARTS(path=source, wanted=", ".join(parts.patterns)))
    return found


def parts_of(manifest: PluginManifest, spec: JobSpec) -> Parts | None:
    """What a job takes of a source with folders in it; None for the source's own files only."""
    patterns = manifest.parts_for(spec.template)
    return Parts(patterns, {"title": spec.work_title}) if patterns else None


def files_taken(source: Path, roots: Roots, parts: Parts | None) -> list[SourceFile]:
    """The files that a job takes, in the order in which its plugin sees them.

    Raises JobFailedError where the job would fail for lack of them, and OSError.
    """
    return own_files(source, roots) if parts is None else files_of_parts(source, roots, parts)

"""Copies or links one file, and stops midway if told to. Knows nothing about where files belong."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from taskmanager.files.opening import open_regular
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.sources import SourceFile

COPY_BYTES = 1024 * 1024
COMING = ".tm-coming"
"""Name of an input file until it is complete."""


class CopyStoppedError(Exception):
    """The copy was told to stop; half a file is left behind."""


def link_source(file: SourceFile, target: Path, *, foreign_links: bool, for_others: bool = False) -> bool:
    """Hard-link an input file into a folder, in such a way that nobody outside can swap it for another.

    Returns False if that is not possible: on another file system, where the kernel protects the file
    (proc(5), protected_hardlinks), or with `for_others` if other users could not read the file, or could
    write to it. Raises JobFailedError if the file has become something else since it was found.
    """
    place = _place(file, target)
    with _opened(file, foreign_links=foreign_links) as origin, folders.opened(place.parent) as folder:
        if for_others and os.fstat(origin.fileno()).st_mode & (stat.S_IROTH | stat.S_IWOTH) != stat.S_IROTH:
            return False
        try:
            # given a folder descriptor, Python calls linkat(2), which follows the link in /proc to the file
            os.link(_name_of(origin), place.name, dst_dir_fd=folder)
        except OSError:
            return False
    return True


def copy_source(
    file: SourceFile,
    target: Path,
    stopped: Callable[[], bool] = lambda: False,
    *,
    foreign_links: bool = True,
) -> None:
    """Copy an input file into a folder, where it appears once it is complete; raises JobFailedError."""
    coming = target / COMING
    with _opened(file, foreign_links=foreign_links) as origin:
        try:
            with coming.open("wb") as copy:
                pour(origin, copy, stopped)
            shutil.copystat(_name_of(origin), coming)
            coming.replace(_place(file, target))
        except OSError as error:
            refuse(error, file_texts.NOT_COPIED, path=file.path)


def _place(file: SourceFile, target: Path) -> Path:
    """Where the file goes; its folder is made if it is deeper than the target."""
    place = target / file.name
    if "/" in file.name:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refuse(error, file_texts.WORKSPACE_UNUSABLE)
    return place


def _opened(file: SourceFile, *, foreign_links: bool) -> BinaryIO:
    try:
        return open_regular(file.path, foreign_links=foreign_links)
    except OSError as error:
        refuse(error, file_texts.NOT_COPIED, path=file.path)


def _name_of(file: BinaryIO) -> str:
    """A path to the open file itself, whatever its own name now refers to (proc(5))."""
    return f"/proc/self/fd/{file.fileno()}"


def pour(origin: BinaryIO, copy: BinaryIO, stopped: Callable[[], bool] = lambda: False) -> None:
    """Copy everything from one open file to the other; raises CopyStoppedError, OSError."""
    while chunk := origin.read(COPY_BYTES):
        if stopped():
            raise CopyStoppedError
        copy.write(chunk)

"""The files of backups: written beside their name, for their owner only, and complete before they bear it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

STANDARD = "-"
_MODE = 0o600


@contextmanager
def written(target: str) -> Iterator[BinaryIO]:
    """A file to write to, which bears its name once all of it is on the disk; `-`: standard output.

    Raises OSError, also if there is such a file. After an error nothing is left.
    """
    if target == STANDARD:
        yield cast("BinaryIO", sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, _MODE)) as file:
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        _synced(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def opened(source: str) -> Iterator[BinaryIO]:
    """A file to read from; `-`: standard input. Raises OSError."""
    if source == STANDARD:
        yield cast("BinaryIO", sys.stdin.buffer)
        return
    with Path(source).open("rb") as file:
        yield file


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

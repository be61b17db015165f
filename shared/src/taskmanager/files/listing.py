"""Lists the files of a job's source, in the order people expect. Knows no job and no plugin."""

import re
import stat
from pathlib import Path

from taskmanager.model.reasons.job_texts import path_texts

_ODD_KINDS = {
    stat.S_IFIFO: path_texts.NAMED_PIPE(),
    stat.S_IFSOCK: path_texts.SOCKET(),
    stat.S_IFCHR: path_texts.DEVICE(),
    stat.S_IFBLK: path_texts.DEVICE(),
}
_DIGITS = re.compile(r"(\d+)")


def files_of(source: Path | None) -> list[Path]:
    """The source itself if it is a file, else the files directly in it, in natural order.

    Hidden files and sub-folders are left out; without a source there are no files.
    """
    if source is None:
        return []
    if source.is_file():
        return [source]
    found = (path for path in source.iterdir() if not path.name.startswith(".") and path.is_file())
    return sorted(found, key=natural)


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `page9` before `page10`; equal numbers of different length go by their text."""
    parts = [part for part in _DIGITS.split(path.name) if part]
    key = [(0, int(part), part) if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts]
    return tuple(key)


def odd_kind(mode: int) -> str | None:
    """The kind of an entry that no job reads as it might block, by its `st_mode`; None for all others."""
    return _ODD_KINDS.get(stat.S_IFMT(mode))

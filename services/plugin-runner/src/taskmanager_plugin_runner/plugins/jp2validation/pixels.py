"""Decodes a codestream with OpenJPEG and hears what it says about it. Runs in a child process."""

import contextlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imagecodecs

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.jp2validation.codestream import StreamSize, counting, size_of
from taskmanager_plugin_runner.plugins.pictures.file_formats import jpeg2000
from taskmanager_plugin_runner.plugins.pictures.memory import BASE_BYTES, OPENJPEG_BYTES

_MISCOUNTED: Final = re.compile(r"(\d+) (?:remaining bytes in code block|synthesized 0xFF markers)")
_TERMINATION: Final = "PTERM check failure"
MISCOUNT_MAX: Final = 4
"""Bytes that a sound code-block may leave or lack: OpenJPEG's leave none, those of others two at most."""
_WARNINGS: Final = 2
"""How talkative imagecodecs makes OpenJPEG."""
_COPIES: Final = 3
"""Of the codestream in memory: as read, as changed, and what OpenJPEG keeps."""
_DECODED_BYTES: Final = 2
_LINES_MAX: Final = 100_000
_REASONS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Decoded:
    """What decoding showed: an error, the pixels that came out, the damaged code-blocks, other warnings."""

    error: str = ""
    size: StreamSize | None = None
    width: int = 0
    height: int = 0
    damaged_blocks: int = 0
    warnings: tuple[str, ...] = ()


def memory_of(path: Path) -> tuple[int, str]:
    """Bytes at the peak of decoding a file, and its size in words; decodes nothing."""
    try:
        stream = jpeg2000.codestream(path)
    except JobFailedError:
        return BASE_BYTES, ""
    size = size_of(stream)
    if size is None:
        return BASE_BYTES + _COPIES * len(stream), ""
    samples = size.samples * (OPENJPEG_BYTES + _DECODED_BYTES)
    return BASE_BYTES + _COPIES * len(stream) + samples, f"{size.width:,} x {size.height:,}"


def decode(path: Path) -> Decoded | None:
    """Decode everything; None if the file has no codestream."""
    try:
        stream = jpeg2000.codestream(path)
    except JobFailedError:
        return None
    size = size_of(stream)
    with _heard() as lines:
        try:
            found = imagecodecs.jpeg2k_decode(counting(stream), verbose=_WARNINGS, numthreads=1)
        except (RuntimeError, ValueError) as error:  # Jpeg2kError is a RuntimeError
            reasons = dict.fromkeys([*lines, str(error) or type(error).__name__])
            return Decoded(error="; ".join(list(reasons)[:_REASONS_NAMED]), size=size)
    height, width = found.shape[:2]
    miscounts = [int(match[1]) for line in lines if (match := _MISCOUNTED.search(line))]
    others = tuple(dict.fromkeys(line for line in lines if _TERMINATION not in line))
    damaged = sum(1 for count in miscounts if count > MISCOUNT_MAX)
    return Decoded("", size, width, height, damaged, others)


class _Hearing(logging.Handler):
    """Collects what OpenJPEG says, which imagecodecs passes on as log records."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < _LINES_MAX:
            self.lines.append(record.getMessage().strip())


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """The lines that OpenJPEG says meanwhile; nobody else hears them."""
    logger, hearing = logging.getLogger("imagecodecs"), _Hearing()
    before = logger.propagate
    logger.addHandler(hearing)
    logger.propagate = False
    try:
        yield hearing.lines
    finally:
        logger.removeHandler(hearing)
        logger.propagate = before

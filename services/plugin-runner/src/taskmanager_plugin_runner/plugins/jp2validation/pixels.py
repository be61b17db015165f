"""Decodes a codestream with OpenJPEG and hears what it says about it. Runs in a child process."""

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imagecodecs

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.jp2validation.codestream import StreamSize, counting, size_of
from taskmanager_plugin_runner.plugins.pictures.file_formats import jpeg2000
from taskmanager_plugin_runner.plugins.pictures.memory import BASE_BYTES, OPENJPEG_BYTES

_REMAINING: Final = re.compile(r"(\d+) remaining bytes in code block")
_TERMINATION: Final = "PTERM check failure"
REMAINING_MAX: Final = 4
"""Bytes that a sound code-block may leave; two were seen."""
_WARNINGS: Final = 2
"""How talkative imagecodecs makes OpenJPEG."""
_COPIES: Final = 3
"""Of the codestream in memory: as read, as changed, and what OpenJPEG keeps."""
_DECODED_BYTES: Final = 2
_SAID_BYTES: Final = 1 << 20


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
    try:
        with _heard() as said:
            found = imagecodecs.jpeg2k_decode(counting(stream), verbose=_WARNINGS, numthreads=1)
    except (RuntimeError, ValueError) as error:  # Jpeg2kError is a RuntimeError
        return Decoded(error=str(error) or type(error).__name__, size=size)
    height, width = found.shape[:2]
    lines = [line.strip() for line in said if line.strip()]
    remaining = [int(match[1]) for line in lines if (match := _REMAINING.search(line))]
    others = tuple(dict.fromkeys(line for line in lines if _TERMINATION not in line))
    damaged = sum(1 for count in remaining if count > REMAINING_MAX)
    return Decoded("", size, width, height, damaged, others)


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """Collect the lines that libraries write to stdout and stderr meanwhile; they are there at the end."""
    lines: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(number, os.dup(number)) for number in (1, 2)]
    sink = os.memfd_create("said")
    try:
        for number, _ in kept:
            os.dup2(sink, number)
        yield lines
    finally:
        ctypes.CDLL(None).fflush(None)  # what the C library holds back
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)
        lines += os.pread(sink, _SAID_BYTES, 0).decode(errors="replace").splitlines()
        os.close(sink)

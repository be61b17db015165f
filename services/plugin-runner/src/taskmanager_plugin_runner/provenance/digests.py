"""Reads a file and says what it holds: its size, its SHA-512, its kind. Knows no job."""

import hashlib
import os
from typing import BinaryIO, NamedTuple

from taskmanager_plugin_runner.provenance.formats import HEAD_BYTES, media_type

CHUNK_BYTES = 1024 * 1024


class Content(NamedTuple):
    """What a file holds: `sha512` in hexadecimal digits, `kind` as a media type."""

    bytes: int
    sha512: str
    kind: str


def content_of(file: BinaryIO) -> Content:
    """Read an open file from where it is to its end; raises OSError.

    What the system remembers of it is given up first where that is possible, so that a share is asked.
    """
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    digest, size, head = hashlib.sha512(), 0, b""
    while chunk := file.read(CHUNK_BYTES):
        head = head or chunk[:HEAD_BYTES]
        digest.update(chunk)
        size += len(chunk)
    return Content(size, digest.hexdigest(), media_type(head))

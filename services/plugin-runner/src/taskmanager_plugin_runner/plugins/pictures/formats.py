"""Identifies a file by its first bytes and reads its header with the reader for its format."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts

_SIGNATURES: Final = (
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "j2k"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
)
SUFFIXES: Final = (
    ".tif",
    ".tiff",
    ".png",
    ".jpg",
    ".jpeg",
    ".jp2",
    ".jpx",
    ".jph",
    ".j2k",
    ".j2c",
    ".jpc",
    ".bmp",
    ".gif",
    ".webp",
)
"""Suffixes of the files that are taken; a file's actual format is determined by its content."""

PIXELS_MAX: Final = 2**31
"""No decoder here can handle more; how much a picture may actually take is up to the memory limit."""


def sniff(path: Path) -> str:
    """The format of a file by its first bytes; raises JobFailedError if it is no supported picture."""
    with path.open("rb") as file:
        head = file.read(12)
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if not head:
        raise JobFailedError(picture_texts.EMPTY())
    raise JobFailedError(picture_texts.NO_PICTURE())


def read_facts(path: Path) -> list[PictureFacts]:
    """The facts of each full-resolution picture of a file, in order; decodes nothing.

    Raises JobFailedError with what is wrong or not understood.
    """
    found = _reader(sniff(path))(path)
    for facts in found:
        _require_sane(facts)
    return found


def _reader(name: str) -> Callable[[Path], list[PictureFacts]]:
    """The reader of a format, imported only when needed: the TIFF reader imports numpy."""
    if name == "tiff":
        from taskmanager_plugin_runner.plugins.pictures.file_formats.tiff import read_facts as read_tiff  # noqa: PLC0415

        return read_tiff
    from taskmanager_plugin_runner.plugins.pictures.file_formats import (  # noqa: PLC0415
        jpeg2000,
        small_formats,
    )

    return {
        "png": small_formats.read_png,
        "jpeg": small_formats.read_jpeg,
        "webp": small_formats.read_webp,
        "gif": small_formats.read_gif,
        "bmp": small_formats.read_bmp,
        "jp2": jpeg2000.read_jp2,
        "j2k": jpeg2000.read_j2k,
    }[name]


def _require_sane(facts: PictureFacts) -> None:
    width, height = facts.stored
    if width <= 0 or height <= 0:
        raise JobFailedError(picture_texts.ODD_SIZE(width=width, height=height))
    if facts.pixels > PIXELS_MAX:
        raise JobFailedError(
            picture_texts.TOO_MANY_PIXELS(width=f"{width:,}", height=f"{height:,}", most=f"{PIXELS_MAX:,}")
        )

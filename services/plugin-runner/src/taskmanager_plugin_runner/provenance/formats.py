"""What kind of file bytes are, by how they begin: as media types (RFC 6838). Reads nothing.

Only what a signature makes certain is told. A preservation system identifies formats itself, with its own
registry; this says what the TaskManager took a file for.
"""

from typing import Final

HEAD_BYTES: Final = 512
"""How much of a file has to be looked at."""
UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"

_SIGNATURES: Final = (
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0", "image/tiff"),  # BigTIFF
    (0, b"MM\0+", "image/tiff"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjph ", "image/jph"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/j2c"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (30, b"mimetypeapplication/epub+zip", "application/epub+zip"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (257, b"ustar", "application/x-tar"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/vnd.wave"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1a\x45\xdf\xa3", "video/matroska"),
    (4, b"ftyp", "video/mp4"),
)


def media_type(head: bytes) -> str:
    """The media type of a file that begins like this; `UNKNOWN` if no signature tells."""
    for at, signature, name in _SIGNATURES:
        if head.startswith(signature, at):
            return name
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<?xml"):
        return "application/xml"
    if start[:15].lower() in {b"<!doctype html>", b"<!doctype html "}:
        return "text/html"
    return TEXT if head and _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    """UTF-8, of which the last character may be cut off, without control characters."""
    if any(byte < ord(" ") and byte not in b"\t\n\r\f" for byte in head):
        return False
    for cut in range(4):
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False

"""Takes the pages out of a ZIP or TAR file, one after the other, within limits."""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.naming import page_order
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES
from taskmanager_plugin_runner.system.memory import size_words

_CHUNK_BYTES: Final = 256 * 1024
_BROKEN: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)
"""What the libraries raise for damage, and for a way of packing that they do not know."""
_ENCRYPTED: Final = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """One picture in a container: its name there, its size in bytes, and how to read it."""

    name: str
    size_bytes: int
    open: Callable[[], IO[bytes] | None]


@contextmanager
def pictures_in(path: Path, name: str, files_most: int) -> Iterator[list[Packed]]:
    """The pictures of a container in natural order; raises JobFailedError if it is damaged or has too many.

    `name` is the container's, for messages. Names are only read: nothing is written where they lead.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                entries = [one for one in packed.infolist() if not one.is_dir()]
                found = [Packed(one.filename, one.file_size, _of_zip(packed, one)) for one in entries]
                yield _pictures(found, name, files_most)
        else:
            with tarfile.open(path, "r:") as tape:
                members = [one for one in tape.getmembers() if one.isfile()]
                found = [Packed(one.name, one.size, _of_tar(tape, one)) for one in members]
                yield _pictures(found, name, files_most)
    except _BROKEN as error:
        raise JobFailedError(texts.BAD_CONTAINER(name=name, error=error or type(error).__name__)) from error


def _of_zip(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    if entry.flag_bits & _ENCRYPTED:
        raise zipfile.BadZipFile("it needs a password")
    return lambda: packed.open(entry)


def _of_tar(tape: tarfile.TarFile, entry: tarfile.TarInfo) -> Callable[[], IO[bytes] | None]:
    return lambda: tape.extractfile(entry)


def _pictures(found: list[Packed], name: str, files_most: int) -> list[Packed]:
    pictures = [
        one
        for one in found
        if PurePosixPath(one.name).suffix.lower() in SUFFIXES
        and not PurePosixPath(one.name).name.startswith(".")
    ]
    if len(pictures) > files_most:
        raise JobFailedError(texts.TOO_MANY(name=name, most=files_most))
    if not pictures:
        raise JobFailedError(texts.NO_PAGES(name=name))
    return sorted(pictures, key=lambda one: page_order(one.name))


def unpack(picture: Packed, target: Path, most: int, check: Callable[[], None]) -> int:
    """Write one picture and return its size in bytes; raises JobFailedError if it is larger than `most`.

    What counts is what comes out, not what the container says. `check` is called again and again.
    """
    written = 0
    opened = picture.open()
    if opened is None:
        raise JobFailedError(texts.BAD_CONTAINER(name=picture.name, error="no file"))
    with opened as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            check()
            written += len(chunk)
            if written > most:
                raise JobFailedError(texts.TOO_LARGE(name=picture.name, most=size_words(most)))
            file.write(chunk)
    if written != picture.size_bytes:
        raise JobFailedError(texts.WRONG_SIZE(name=picture.name, found=written, wanted=picture.size_bytes))
    return written

"""Lists of checksums as `sha512sum` writes them, and others that `sha512sum --check` reads. Pure."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.checksums import texts

FOLDER: Final = "checksums"
"""Where lists are kept; the names in them are relative to the folder above."""
ENCODING: Final = "utf-8"
ENCODING_ERRORS: Final = "surrogateescape"
"""Names of files may hold any byte."""


class Algorithm(StrEnum):
    """How a checksum is made."""

    MD5 = "md5"
    SHA256 = "sha256"
    SHA512 = "sha512"

    @property
    def digits(self) -> int:
        """Length of a checksum, written in hexadecimal."""
        return {Algorithm.MD5: 32, Algorithm.SHA256: 64, Algorithm.SHA512: 128}[self]

    @property
    def program(self) -> str:
        """The program of coreutils that makes it."""
        return f"{self.value}sum"


_NAMES: Final = re.compile(
    r"(?:manifest|checksums?)-(md5|sha256|sha512)\.txt|(md5|sha256|sha512)sums?(?:\.txt)?|.+\.(md5|sha256|sha512)",
    re.IGNORECASE,
)
_LINE: Final = re.compile(r"(\\?)([0-9a-fA-F]+)(?: [ *]|[ \t]+)(.+)")
_BSD_LINE: Final = re.compile(r"(\\?)(?:MD5|SHA256|SHA512) \((.+)\) = ([0-9a-fA-F]+)")
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPED: Final = re.compile(r"\\([\\nr])")
_PLAIN: Final = {written[1]: letter for letter, written in _ESCAPES.items()}


def algorithm_of(name: str) -> Algorithm | None:
    """The algorithm of a list of checksums by the name of its file; None for all other files."""
    found = _NAMES.fullmatch(PurePosixPath(name).name)
    return Algorithm(next(filter(None, found.groups())).lower()) if found else None


def base_of(name: str) -> PurePosixPath:
    """What the names in a list are relative to: its folder, or the one above `checksums`."""
    folder = PurePosixPath(name).parent
    return folder.parent if folder.name == FOLDER else folder


def line(digest: str, name: str) -> str:
    """One line as coreutils writes it, without its end."""
    written = "".join(_ESCAPES.get(letter, letter) for letter in name)
    return f"{'' if written == name else chr(92)}{digest}  {written}"


def written(digests: Mapping[str, str]) -> str:
    """A whole list; the names are sorted."""
    return "".join(f"{line(digests[name], name)}\n" for name in sorted(digests))


def read(text: str, algorithm: Algorithm, where: str) -> dict[str, str]:
    """The checksums of a list by name, in lower case; raises JobFailedError naming a line that is none.

    `where` is the name of the list. Empty lines and those that begin with `#` are comments.
    """
    found: dict[str, str] = {}
    for number, name, digest in _entries(text, algorithm, where):
        if found.setdefault(name, digest) != digest:
            raise JobFailedError(texts.LISTED_TWICE(list=where, line=number, name=name))
    if not found:
        raise JobFailedError(texts.LIST_EMPTY(list=where))
    return found


def _entries(text: str, algorithm: Algorithm, where: str) -> Iterator[tuple[int, str, str]]:
    for number, said in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        entry = said.removesuffix("\r")
        if not entry.strip() or entry.startswith("#"):
            continue
        if bsd := _BSD_LINE.fullmatch(entry):
            escaped, name, digest = bsd.groups()
        elif plain := _LINE.fullmatch(entry):
            escaped, digest, name = plain.groups()
        else:
            raise JobFailedError(texts.NOT_A_LINE(list=where, line=number))
        if len(digest) != algorithm.digits:
            raise JobFailedError(texts.NOT_A_LINE(list=where, line=number))
        plain_name = _ESCAPED.sub(lambda found: _PLAIN[found[1]], name) if escaped else name
        yield number, str(PurePosixPath(plain_name)), digest.lower()

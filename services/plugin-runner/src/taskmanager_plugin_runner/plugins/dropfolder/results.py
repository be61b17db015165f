"""Fetches the results of a ticket into the folders of the process, and looks into each of them."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.dropfolder import texts
from taskmanager_plugin_runner.plugins.dropfolder.looking import Sorted
from taskmanager_plugin_runner.plugins.picture_check import PictureCheck
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES
from taskmanager_plugin_runner.plugins.xml_parser import hardened_parser

_MARKUP: Final = (".xml", ".hocr", ".xhtml")
_TAIL_BYTES: Final = 2_048


class StillWritingError(Exception):
    """A result changed while it was fetched: the engine has not ended."""


class Fetching:
    """What fetching needs to know of the job: where the results of each suffix go."""

    def __init__(self, folders: Mapping[str, Path], check: PictureCheck) -> None:
        self._folders, self._check = folders, check

    def target(self, stem: str, suffix: str) -> Path:
        """Where a result goes."""
        return self._folders[suffix] / f"{stem}{suffix}"

    def fetch(
        self, answer: Path, found: Sorted, sizes: Mapping[str, int], between: Callable[[], None]
    ) -> dict[str, list[Path]]:
        """Copy and check the results of one ticket; returns them by stem. Raises JobFailedError.

        `answer` is the ticket's folder in the output, `sizes` those of the look that found it complete.
        Raises StillWritingError if they are others by now.
        """
        fetched: dict[str, list[Path]] = {}
        for (stem, suffix), paths in found.results.items():
            between()
            require_same([answer / path for path in paths])
            target = self.target(stem, suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(answer / paths[0], target)
            if target.stat().st_size != sizes[paths[0]]:
                raise StillWritingError(paths[0])
            self.look_into(target)
            fetched.setdefault(stem, []).append(target)
        return fetched

    def look_into(self, path: Path) -> None:
        """Raise JobFailedError if a result cannot be what its suffix says; text may be empty, as pages."""
        suffix = path.suffix.lower()
        if suffix == ".txt":
            return
        if not path.stat().st_size:
            raise JobFailedError(texts.EMPTY(name=path.name))
        if suffix in _MARKUP:
            _require_well_formed(path)
        elif suffix == ".pdf":
            _require_pdf(path)
        elif suffix in SUFFIXES:
            self._check.decoded(path, path.name)

    def require_size_of(self, source: Path, results: Sequence[Path]) -> None:
        """Raise JobFailedError if a result that is a picture has not the size of its source."""
        for path in results:
            if path.suffix.lower() in SUFFIXES:
                made, given = (
                    self._check.looked_at(path, path.name),
                    self._check.looked_at(source, source.name),
                )
                if {made.width, made.height} != {given.width, given.height}:  # it may have been turned
                    raise JobFailedError(
                        texts.OTHER_SIZE(
                            name=path.name,
                            found=f"{made.width} x {made.height}",
                            wanted=f"{given.width} x {given.height}",
                        )
                    )


def require_same(paths: Sequence[Path]) -> None:
    """Raise JobFailedError if one result is there several times with different contents."""
    digests = {path: _digest(path) for path in paths} if len(paths) > 1 else {}
    for path in paths[1:]:
        if digests[path] != digests[paths[0]]:
            raise JobFailedError(texts.TWICE(first=paths[0].name, second=path.name))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_well_formed(path: Path) -> None:
    """Nothing is fetched, and no entity is resolved."""
    try:
        etree.parse(str(path), hardened_parser())
    except etree.XMLSyntaxError as error:
        raise JobFailedError(texts.NOT_WELL_FORMED(name=path.name, error=error)) from error


def _require_pdf(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(5)
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    if head != b"%PDF-" or b"%%EOF" not in tail:
        raise JobFailedError(texts.NO_PDF(name=path.name))

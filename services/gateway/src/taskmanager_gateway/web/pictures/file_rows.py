"""What the pages show of one file of a job: its pictures, what was made of it, whether it is broken. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlencode

from taskmanager.model.jobs import FileRecord, FileState, Job
from taskmanager.model.registry import StoredFile
from taskmanager.plugin_api.file_records import facts_text
from taskmanager_gateway.pictures.pairs import Pair
from taskmanager_gateway.pictures.places import Side

ROWS = 50
MESSAGE_READ = 20_000
"""Characters of a job's error in which names of files are looked for."""
SHOWN_SUFFIXES = frozenset({".tif", ".tiff", ".jp2", ".jpx", ".j2k", ".j2c", ".jpc", ".jpg", ".jpeg", ".png"})
"""Of files that may be pictures that are shown; what is in them decides."""


@dataclass(frozen=True, slots=True)
class PictureOf:
    """One picture: of which job, which side, which name."""

    job: str
    side: Side
    name: str

    def address(self, part: str, **query: str | int) -> str:
        """Where a part of it is: `small` and `large` for pages, `thumbnail` and `tile` for browsers."""
        start = "/ui" if part in {"small", "large"} else ""
        return (
            f"{start}/jobs/{self.job}/pictures/{self.side}/{part}?{urlencode({'name': self.name, **query})}"
        )


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One file of a job. `file` is None if nothing was reported of it.

    `broken`: it failed, or the error of the job names it. `words`: the result that may be ALTO.
    """

    job: str
    number: int
    name: str
    results: tuple[str, ...]
    file: FileRecord | None
    facts: str
    made: str
    broken: bool
    source: PictureOf | None
    result: PictureOf | None
    words: str | None

    @property
    def address(self) -> str:
        """The page of this file."""
        return f"/jobs/{self.job}/files/{self.number}"


def reported_row(job: Job, stored: StoredFile) -> PictureRow:
    """The row of a file that the plugin reported."""
    file = stored.file
    broken = file.state is FileState.FAILED or named_in(job, file.name)
    facts, made = facts_text(file.facts), facts_text(file.result_facts)
    return _row(job, stored.number, Pair(file.name, file.results), file, (facts, made), broken=broken)


def found_row(job: Job, number: int, pair: Pair) -> PictureRow:
    """The row of a file that lies in the source."""
    return _row(job, number, pair, None, ("", ""), broken=named_in(job, pair.name))


def named_in(job: Job, name: str) -> bool:
    """Whether the message of the job's error names the file."""
    message = "" if job.error is None else job.error.message[:MESSAGE_READ]
    if not name or name not in message:
        return False
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", message) is not None


def _row(
    job: Job, number: int, pair: Pair, file: FileRecord | None, facts: tuple[str, str], *, broken: bool
) -> PictureRow:
    return PictureRow(
        job=job.id,
        number=number,
        name=pair.name,
        results=pair.results,
        file=file,
        facts=facts[0],
        made=facts[1],
        broken=broken,
        source=_picture(job, Side.SOURCE, [pair.name]),
        result=_picture(job, Side.RESULT, pair.results),
        words=next((name for name in pair.results if PurePosixPath(name).suffix.lower() == ".xml"), None),
    )


def _picture(job: Job, side: Side, names: Sequence[str]) -> PictureOf | None:
    found = (name for name in names if PurePosixPath(name).suffix.lower() in SHOWN_SUFFIXES)
    return next((PictureOf(job.id, side, name) for name in found), None)


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows of a job, and where the others are.

    `after` is the number of the last file before them. `reported`: they are what the plugin told.
    """

    job: Job
    state: FileState | None
    after: int
    rows: Sequence[PictureRow]
    more: bool
    reported: bool
    broken: Sequence[PictureRow] = ()
    """The first broken files of all, as far as they were looked for."""

    def address(self, *, after: int = 0, state: str | None = None) -> str:
        """A page of the list."""
        query = {**({"state": str(state)} if state else {}), **({"after": after} if after else {})}
        return f"/jobs/{self.job.id}/files" + (f"?{urlencode(query)}" if query else "")

    def around(self, number: int) -> str:
        """The page of the list on which the file of that number is."""
        return self.address(after=(number - 1) // ROWS * ROWS)

    @property
    def next(self) -> str | None:
        """The next page."""
        return self.address(after=self.rows[-1].number, state=self.state) if self.more and self.rows else None

    @property
    def previous(self) -> str | None:
        """The page before; with a filter the first one, since its numbers have gaps."""
        if not self.after:
            return None
        return self.address(after=0 if self.state else max(self.after - ROWS, 0), state=self.state)

"""The files of a job as its page shows them: a page of rows, and how it continues. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from taskmanager.model.jobs import FileRecord, FileState, Job
from taskmanager.model.queries import FilePage, FileQuery, file_cursor, files_after
from taskmanager.plugin_api.file_records import facts_text

ROWS = 25
FOLLOWED = 200
"""Rows that are added automatically while a job runs; any more only on request."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file, with its facts as text."""

    number: int
    file: FileRecord
    facts: str
    made: str


@dataclass(frozen=True, slots=True)
class FileList:
    """The rows, and what follows them."""

    job: Job
    state: FileState | None
    rows: Sequence[FileRow]
    cut: bool
    more: str | None
    """Where to request further rows."""
    coming: str | None
    """Where rows that do not exist yet can be requested."""

    @property
    def first(self) -> str:
        """The address of the beginning of the list."""
        return f"/ui/jobs/{self.job.id}/files"


def file_list(job: Job, page: FilePage, *, state: FileState | None, cursor: str | None) -> FileList:
    """The list from `cursor` on; a job that has not ended gets new rows at its end."""
    rows = [_row(one.number, one.file) for one in page.files]
    last = rows[-1].number if rows else files_after(FileQuery(job=job.id, attempt=job.attempt, cursor=cursor))
    after = _address(job, page.next_cursor or file_cursor(job.attempt, last), state)
    going_on = page.next_cursor is not None
    at_work = not (going_on or job.status.final)
    return FileList(
        job=job,
        state=state,
        rows=rows,
        cut=page.cut,
        more=after if going_on or (at_work and last >= FOLLOWED) else None,
        coming=after if at_work and last < FOLLOWED else None,
    )


def _row(number: int, file: FileRecord) -> FileRow:
    return FileRow(number, file, facts_text(file.facts), facts_text(file.result_facts))


def _address(job: Job, cursor: str, state: FileState | None) -> str:
    asked = {"cursor": cursor, **({"state": state.value} if state is not None else {})}
    return f"/ui/jobs/{job.id}/files?{urlencode(asked)}"

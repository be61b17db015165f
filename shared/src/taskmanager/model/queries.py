"""What a reader may ask of the stored jobs: typed filters only, keyset paging, no skip and no count."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from taskmanager.errors import CursorError
from taskmanager.model.jobs import FileState, Job, Number, PluginName, Priority, Record, ShortText
from taskmanager.model.reasons.coded_text import shortened
from taskmanager.model.registry import FILES_KEPT, AuditEntry, StoredFile
from taskmanager.model.states import Status, Tab

PAGE_LIMIT = 200
IDS_LIMIT = 1_000
"""Jobs a query may name one by one; more of them share something a filter can say."""
PLUGINS_LIMIT = 1_000
"""Names of plugins in one query: more than any house installs."""
LISTED_MESSAGE = 300
"""Characters of an error message that a list shows; the whole one comes with the job."""
POSITION_LIMIT = 10_000
"""Jobs before a waiting one are counted so far and no further: nobody needs the rest to the job."""


JobId = Annotated[str, Field(min_length=1, max_length=100)]


class Sort(StrEnum):
    """By what a list is sorted; ties are broken by the id."""

    TURN = "turn"
    """The order in which jobs start: priority from high to low, then the longest waiting."""
    FINISHED = "finished"
    CREATED = "created"


class SortOrder(StrEnum):
    """The direction. TURN ascending is the order of starting."""

    ASC = "asc"
    DESC = "desc"


def _spelled(value: Any) -> Any:
    return value == "true" or value


WithWarnings = Annotated[Literal[True], BeforeValidator(_spelled)]
"""Only jobs with warnings. There is no list of those without: nothing serves it."""


class JobConditions(Record):
    """Which jobs: all conditions hold. What a list can show, an operation can mean, and the other way round.

    `text` matches the beginnings of words in title and process title, all of them; `created_before` and
    `created_after` are the moments of submission.
    """

    plugin: PluginName | None = None
    plugins: Annotated[tuple[PluginName, ...], Field(max_length=PLUGINS_LIMIT)] | None = None
    """Of these only; with `plugin` both hold."""
    tab: Tab | None = None
    status: Status | None = None
    project: ShortText | None = None
    process: Number | None = None
    """Goobi's process id."""
    text: ShortText | None = None
    priority_min: Priority | None = None
    priority_max: Priority | None = None
    created_before: AwareDatetime | None = None
    created_after: AwareDatetime | None = None
    warnings: WithWarnings | None = None
    """Those whose last attempt warned of something."""
    ids: Annotated[tuple[JobId, ...], Field(min_length=1, max_length=IDS_LIMIT)] | None = None


class JobQuery(JobConditions):
    """One page of jobs."""

    sort: Sort = Sort.CREATED
    order: SortOrder = SortOrder.DESC
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50

    @model_validator(mode="after")
    def _sort_fits_tab(self) -> "JobQuery":
        """Only lists that an index serves."""
        tab = self.tab or (self.status.tab if self.status else None)
        if self.sort is Sort.TURN and tab is not Tab.QUEUE:
            message = "sort=turn needs tab=queue: only waiting jobs have a turn"
            raise ValueError(message)
        if self.sort is Sort.FINISHED and tab not in {Tab.DONE, Tab.ERROR}:
            message = "sort=finished needs tab=done or tab=error: only ended jobs have an end"
            raise ValueError(message)
        if self.sort is Sort.TURN and self.warnings:
            message = "warnings=true needs tab=done, tab=error or sort=created: only an end tells of warnings"
            raise ValueError(message)
        return self


def as_listed(job: Job) -> Job:
    """The job as lists show it: no traceback, the beginning of the error, the last entry of its history.

    Of its warnings only the number.
    """
    short: dict[str, Any] = {"history": job.history[-1:], "warning_texts": (), "warning_reasons": ()}
    if job.error is None:
        return job.model_copy(update=short)
    message = job.error.message
    cut = message if len(message) <= LISTED_MESSAGE else f"{message[: LISTED_MESSAGE - 1]}…"
    reason = shortened(job.error.reason, LISTED_MESSAGE) if job.error.reason else None
    error = job.error.model_copy(update={"message": cut, "reason": reason, "traceback": None})
    return job.model_copy(update={**short, "error": error})


class JobPage(Record):
    """Jobs in order, as lists show them, and, unless it is the last page, where the next one begins."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None


class Position(Record):
    """How many waiting jobs of its plugin start before a job; `capped`: there may be more."""

    ahead: Annotated[int, Field(ge=0, le=POSITION_LIMIT)]
    capped: bool = False


class AuditQuery(Record):
    """One page of what operators asked for, the newest first."""

    job: ShortText | None = None
    plugin: PluginName | None = None
    plugins: Annotated[tuple[PluginName, ...], Field(max_length=PLUGINS_LIMIT)] | None = None
    """Of these only; with `plugin` both hold."""
    runner: ShortText | None = None
    subject: ShortText | None = None
    """A user's name, or `token:` and a token's."""
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class AuditPage(Record):
    """Entries, the newest first, and, unless it is the last page, where the next one begins."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None = None


class FileQuery(Record):
    """One page of what became of the files of one attempt, in the order in which they were recorded."""

    job: str
    attempt: int
    state: FileState | None = None
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class FilePage(Record):
    """Files in order and, unless it is the last page, where the next one begins.

    `cut`: the list ends here because no more are kept, not because there were no more.
    """

    files: tuple[StoredFile, ...]
    next_cursor: str | None = None
    cut: bool = False

    @classmethod
    def of(
        cls, found: Sequence[StoredFile], query: FileQuery, numbers: Sequence[int] | None = None
    ) -> "FilePage":
        """The page, of one file more than it holds if there are so many.

        `numbers`: of all that are stored, if some of those cannot be read.
        """
        kept = [number for number in _numbers(found, numbers) if number <= FILES_KEPT]
        shown, more = set(kept[: query.limit]), len(kept) > query.limit
        return cls(
            files=tuple(one for one in found if one.number in shown),
            next_cursor=file_cursor(query.attempt, max(shown)) if more else None,
            cut=len(kept) < len(_numbers(found, numbers)) and not more,
        )


def _numbers(found: Sequence[StoredFile], numbers: Sequence[int] | None) -> Sequence[int]:
    return [one.number for one in found] if numbers is None else numbers


def file_cursor(attempt: int, number: int) -> str:
    """The cursor for what comes after the file of that number."""
    return f"{attempt}.{number}"


def files_after(query: FileQuery) -> int:
    """The number of the last file seen, 0 without a cursor; raises CursorError for one of another list."""
    if query.cursor is None:
        return 0
    attempt, _, number = query.cursor.partition(".")
    if not (number.isdecimal() and number.isascii() and len(number) < 10):  # noqa: PLR2004 - fits any store
        raise CursorError("cursor is not one of this list: take it from next_cursor")
    if attempt != str(query.attempt):
        raise CursorError("cursor is of another attempt of the job: begin without a cursor")
    return int(number)

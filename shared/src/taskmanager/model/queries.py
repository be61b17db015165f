"""What a reader may ask about the stored jobs: typed filters only, keyset paging, no skip and no count."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from taskmanager.errors import CursorError
from taskmanager.model.jobs import (
    FileState,
    InstallationName,
    Job,
    Number,
    PluginName,
    Priority,
    Record,
    ShortText,
    unset,
)
from taskmanager.model.reasons.coded_text import shortened
from taskmanager.model.registry import FILES_KEPT, AuditEntry, StoredFile
from taskmanager.model.states import Status, Tab

PAGE_LIMIT = 200
IDS_LIMIT = 1_000
"""How many job ids a query may name; a larger set has something in common that a filter can express."""
PLUGINS_LIMIT = 1_000
"""How many plugin names one query may have: more than any site installs."""
LISTED_MESSAGE = 300
"""How many characters of an error message a list shows; the full message comes with the job."""
BACKING_OFF_LIMIT = 10_000
"""The highest number of jobs that back off that is counted, over all plugins."""
FAILED_LIMIT = 10_000
"""The highest number of jobs in error since a moment that is counted."""
GROUPED_LIMIT = 10_000
"""How many jobs in error are put into groups, the last ones."""
GROUPS_LIMIT = 200
"""How many groups are listed, those with the most jobs."""
PLACES_LIMIT = 2_000
"""The highest place that is counted for waiting jobs with others between them: each up to it is read."""
FOUND_LIMIT = 1_000
"""How many jobs a search over everything counts; the newest of these are shown."""
PROJECTS_FROM = 5_000
"""From how many jobs, the last ones of a plugin, the list of its projects is made."""
SHOWN_LIMIT = 100
"""How many jobs a search shows at most."""
POSITION_LIMIT = 10_000
"""The highest position that is counted for a waiting job; beyond it the exact number does not matter."""


JobId = Annotated[str, Field(min_length=1, max_length=100)]


class Sort(StrEnum):
    """The sort key of a list; ties are broken by the id."""

    TURN = "turn"
    """The order in which jobs start: priority from high to low, then the longest waiting."""
    FINISHED = "finished"
    CREATED = "created"


class SortOrder(StrEnum):
    """The direction. TURN ascending is the starting order."""

    ASC = "asc"
    DESC = "desc"


def _spelled(value: Any) -> Any:
    return value == "true" or value


WithWarnings = Annotated[Literal[True], BeforeValidator(_spelled)]
"""Only jobs with warnings. There is no list of those without: no index serves it."""


OnlyRestored = Annotated[Literal[True], BeforeValidator(_spelled)]
"""Only jobs that wait for an operator because the database was restored from a backup."""


class JobConditions(Record):
    """Which jobs: all conditions must hold. Lists and operations take the same conditions.

    `text` matches the beginnings of words in title and process title, all of them; `created_before` and
    `created_after` compare the time of submission.
    """

    plugin: PluginName | None = None
    plugins: Annotated[tuple[PluginName, ...], Field(max_length=PLUGINS_LIMIT)] | None = None
    """Only jobs of these plugins; combined with `plugin`, both must hold."""
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
    """Those whose last attempt logged warnings."""
    restored: OnlyRestored | None = Field(default=None, exclude_if=unset)
    """Those held because they were restored from a backup."""
    ended_after: AwareDatetime | None = Field(default=None, exclude_if=unset)
    """Those that ended later than that, the last time they did."""
    error_group: ShortText | None = Field(default=None, exclude_if=unset)
    """Those in error with that fingerprint (`taskmanager.model.failures.error_groups`)."""
    error_text: ShortText | None = Field(default=None, exclude_if=unset)
    """Those in error whose messages contain words that begin so, all of them."""
    ids: Annotated[tuple[JobId, ...], Field(min_length=1, max_length=IDS_LIMIT)] | None = None


class JobQuery(JobConditions):
    """One page of jobs."""

    sort: Sort = Sort.CREATED
    order: SortOrder = SortOrder.DESC
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50

    @model_validator(mode="after")
    def _sort_fits_tab(self) -> "JobQuery":
        """Allow only lists that an index serves."""
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


class ProcessQuery(Record):
    """One page of the jobs of one process of one Goobi, over all plugins, newest first."""

    process: Number
    installations: tuple[InstallationName | None, ...]
    """The names under which jobs refer to that Goobi; None: as the default one."""
    step: Number | None = None
    plugins: Annotated[tuple[PluginName, ...], Field(max_length=PLUGINS_LIMIT)] | None = None
    """Only jobs of these plugins; None: of all."""
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


def as_listed(job: Job) -> Job:
    """The job as lists show it: no traceback, only the start of the error and the last entry of its history.

    Its warnings are reduced to their number.
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
    """Jobs in order, as lists show them, and, unless this is the last page, where the next one begins."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None


class FoundIn(Record):
    """How many jobs a search found in one tab of a plugin."""

    plugin: PluginName
    tab: Tab
    jobs: int


class FoundJobs(Record):
    """What a search over all tabs found: the newest jobs as lists show them, and the number in each tab.

    `capped`: there are more than were counted, and newer ones may be among them.
    """

    jobs: tuple[Job, ...] = ()
    places: tuple[FoundIn, ...] = ()
    capped: bool = False

    @property
    def count(self) -> int:
        """How many jobs were counted."""
        return sum(one.jobs for one in self.places)


class Position(Record):
    """How many waiting jobs of its plugin start before a job; `capped`: there may be more."""

    ahead: Annotated[int, Field(ge=0, le=POSITION_LIMIT)]
    capped: bool = False


class AuditQuery(Record):
    """One page of what operators requested, newest first."""

    job: ShortText | None = None
    plugin: PluginName | None = None
    plugins: Annotated[tuple[PluginName, ...], Field(max_length=PLUGINS_LIMIT)] | None = None
    """Only entries about these plugins; combined with `plugin`, both must hold."""
    runner: ShortText | None = None
    subject: ShortText | None = None
    """A user's name, or `token:` and a token's name."""
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class AuditPage(Record):
    """Entries, newest first, and, unless this is the last page, where the next one begins."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None = None


class FileQuery(Record):
    """One page of the file records of one attempt, in the order in which they were recorded."""

    job: str
    attempt: int
    state: FileState | None = None
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class FilePage(Record):
    """Files in order and, unless this is the last page, where the next one begins.

    `cut`: the list ends here because no more are kept, not because there were no more.
    """

    files: tuple[StoredFile, ...]
    next_cursor: str | None = None
    cut: bool = False

    @classmethod
    def of(
        cls, found: Sequence[StoredFile], query: FileQuery, numbers: Sequence[int] | None = None
    ) -> "FilePage":
        """The page made of `found`, which holds one file more than fits if there are more.

        `numbers` are those of all stored files, needed if some of them cannot be read.
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
    """The cursor for what comes after the file with that number."""
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

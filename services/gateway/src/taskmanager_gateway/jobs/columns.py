"""The columns of job lists, each declared once, for CSV and for the page of a plugin.

The page formats a cell by its kind; for OWN, the template has a macro with the name of the column.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from taskmanager.model.jobs import Job
from taskmanager.model.queries import Sort
from taskmanager.model.states import Tab


class Kind(StrEnum):
    """How a value is written on the page."""

    TEXT = "text"
    NUMBER = "number"
    COUNT = "count"
    """A number that is not shown while it is 0."""
    SIZE = "size"
    TIME = "time"
    DURATION = "duration"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class ColumnDisplay:
    """A column on the page: its place from left to right, its title in English, and its CSS classes."""

    rank: int
    title: str
    style: str
    kind: Kind = Kind.OWN
    sort: Sort | None = None
    """The order that its title requests."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `queue` and `ended` are its display on the tabs of waiting and of ended jobs, if any."""

    name: str
    value: Callable[[Job], object]
    queue: ColumnDisplay | None = None
    ended: ColumnDisplay | None = None
    exported: bool = True
    """Whether CSV includes it."""


class PageColumn(NamedTuple):
    """A column with its display on one tab."""

    column: Column
    shown: ColumnDisplay


def _both(
    name: str, value: Callable[[Job], object], shown: ColumnDisplay, *, exported: bool = True
) -> Column:
    return Column(name, value, shown, shown, exported)


def took(job: Job) -> timedelta | None:
    """The time from the start of the last attempt to its end."""
    if job.started_at is None or job.finished is None:
        return None
    return max(job.finished - job.started_at, timedelta())


COLUMNS = (
    _both("id", lambda job: job.id, ColumnDisplay(10, "Id", "tm-id tm-from-wide")),
    Column("plugin", lambda job: job.plugin),
    _both("title", lambda job: job.spec.title, ColumnDisplay(20, "Title", "tm-title")),
    _both(
        "process_id",
        lambda job: job.spec.goobi.process_id if job.spec.goobi else None,
        ColumnDisplay(30, "Process", "tm-number tm-process tm-from-md"),
    ),
    Column("process_title", lambda job: job.spec.goobi.process_title if job.spec.goobi else None),
    Column("step_id", lambda job: job.spec.goobi.step_id if job.spec.goobi else None),
    _both(
        "project",
        lambda job: job.spec.project,
        ColumnDisplay(40, "Project", "tm-project tm-from-1280", Kind.TEXT),
    ),
    _both("status", lambda job: job.status, ColumnDisplay(50, "Status", "tm-state")),
    Column(
        "priority",
        lambda job: job.priority,
        queue=ColumnDisplay(60, "Priority", "tm-number tm-from-md", Kind.NUMBER),
    ),
    Column(
        "place",
        lambda job: job.owner,
        queue=ColumnDisplay(70, "Place or runner", "tm-number tm-place", sort=Sort.TURN),
        exported=False,
    ),
    Column(
        "created",
        lambda job: job.created,
        queue=ColumnDisplay(80, "Submitted", "tm-when tm-from-lg", Kind.TIME, Sort.CREATED),
        ended=ColumnDisplay(90, "Submitted", "tm-when tm-from-xxl", Kind.TIME, Sort.CREATED),
    ),
    Column("queued_at", lambda job: job.queued_at),
    Column(
        "started_at",
        lambda job: job.started_at,
        queue=ColumnDisplay(90, "Begun", "tm-when tm-from-xxl", Kind.TIME),
    ),
    Column(
        "finished",
        lambda job: job.finished,
        ended=ColumnDisplay(80, "Ended", "tm-when tm-from-lg", Kind.TIME, Sort.FINISHED),
    ),
    Column(
        "took", took, ended=ColumnDisplay(100, "Took", "tm-number tm-from-lg", Kind.DURATION), exported=False
    ),
    Column("attempt", lambda job: job.attempt),
    Column("runner", lambda job: job.owner),
    Column("percent", lambda job: job.progress.percent),
    _both("files", lambda job: job.files, ColumnDisplay(110, "Files", "tm-number tm-from-xl", Kind.COUNT)),
    _both("bytes", lambda job: job.bytes, ColumnDisplay(120, "Volume", "tm-number tm-from-xl", Kind.SIZE)),
    Column("warnings", lambda job: job.warnings),
    Column("error", lambda job: job.error.message if job.error else None),
    Column("source", lambda job: job.spec.source),
    Column("destination", lambda job: job.spec.destination),
)
"""In the order of the CSV export."""


def page_columns(tab: Tab) -> Sequence[PageColumn]:
    """The columns of a tab, from left to right."""
    found = ((one, one.queue if tab is Tab.QUEUE else one.ended) for one in COLUMNS)
    shown = [PageColumn(column, how) for column, how in found if how is not None]
    return sorted(shown, key=lambda one: one.shown.rank)

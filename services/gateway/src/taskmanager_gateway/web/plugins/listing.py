"""The list of a plugin page as its address describes it: tab, filters, order, page. Pure.

Invalid parts are ignored and reported, so that an old or mistyped link still leads to a list.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlencode

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from taskmanager.model.jobs import Number, Record, ShortText
from taskmanager.model.operations import JobFilter
from taskmanager.model.queries import JobQuery, OnlyRestored, Sort, SortOrder, WithWarnings
from taskmanager.model.states import Status, Tab
from taskmanager.process.clock import whole_milliseconds
from taskmanager_gateway.http.command_bodies import readable
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.list_queries import Seconds, ago
from taskmanager_gateway.web.shell.list_address import read_address

PAGE_SIZES = (25, 50, 100, 200)
PAGE_SIZE: Final = 50
ORDERS = {
    Tab.QUEUE: (Sort.TURN, SortOrder.ASC),
    Tab.DONE: (Sort.FINISHED, SortOrder.DESC),
    Tab.ERROR: (Sort.FINISHED, SortOrder.DESC),
}
"""In the order in which the jobs will start, or the last finished first."""
FILTERS = (
    *("status", "q", "project", "process", "older", "newer", "priority_min", "priority_max", "warnings"),
    *("restored", "ended_after", "error_group", "error_text"),
)

_IN_THE_API = {"q": "text", "older": "older_than_seconds", "newer": "newer_than_seconds"}

Text = Annotated[ShortText, AfterValidator(readable)]
Level = Annotated[int, Field(ge=0, le=10)]


def _size(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class PluginListAddress(Record):
    """What to list. Ages are counted back from `at`, which is kept in the links to further pages."""

    tab: Tab = Tab.QUEUE
    status: Status | None = None
    q: Text | None = None
    """Beginnings of words in title and process title."""
    project: Text | None = None
    process: Number | None = None
    older: Seconds | None = None
    newer: Seconds | None = None
    priority_min: Level | None = None
    priority_max: Level | None = None
    warnings: WithWarnings | None = None
    """Only jobs with warnings; in the queue there are none."""
    restored: OnlyRestored | None = None
    """Only jobs that wait since the database was restored; there are none but in the queue."""
    ended_after: AwareDatetime | None = None
    """Only jobs that ended later; in the queue there are none."""
    error_group: Text | None = None
    """Only jobs in error with that fingerprint."""
    error_text: Text | None = None
    """Only jobs in error whose messages contain words that begin so."""
    sort: Sort | None = None
    order: SortOrder | None = None
    limit: Annotated[Literal[25, 50, 100, 200], BeforeValidator(_size)] = PAGE_SIZE
    cursor: Text | None = None
    at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.sort not in {None, Sort.CREATED, ORDERS[self.tab][0]}:
            message = "no job of this tab has that"
            raise ValueError(message)
        return self

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> tuple[Self, list[str]]:
        """The list, and the names of the parameters that were ignored."""
        listing, ignored = read_address(cls, asked, together="sort")
        return listing.consistent(ignored)

    def consistent(self, ignored: list[str]) -> tuple[Self, list[str]]:
        """The list without filters that no job of its tab can match, and the names of all ignored ones."""
        odd = [*self._misfits()]
        return (self.changed(**dict.fromkeys(odd)), [*ignored, *odd]) if odd else (self, ignored)

    def _misfits(self) -> Iterator[str]:
        if self.status is not None and self.status.tab is not self.tab:
            yield "status"
        if self.warnings and self.tab is Tab.QUEUE:
            yield "warnings"
        if self.restored and self.tab is not Tab.QUEUE:
            yield "restored"
        if self.ended_after is not None and self.tab is Tab.QUEUE:
            yield "ended_after"
        yield from () if self.tab is Tab.ERROR else self._of_errors()

    def _of_errors(self) -> Iterator[str]:
        return (name for name in ("error_group", "error_text") if getattr(self, name) is not None)

    def changed(self, **changes: Any) -> Self:
        """The same list with other values."""
        return type(self).model_validate({**dict(self), **changes})

    @property
    def first(self) -> Self:
        """Its first page, with ages counted from now."""
        return self.changed(cursor=None, at=None)

    @property
    def bare(self) -> Self:
        """All jobs of the tab in its default order."""
        return self.changed(cursor=None, at=None, **dict.fromkeys(FILTERS))

    @property
    def filtered(self) -> bool:
        """Whether any jobs of the tab are filtered out."""
        return any(getattr(self, name) is not None for name in FILTERS)

    @property
    def filters(self) -> list[tuple[str, Any]]:
        """What filters jobs out: names of fields and their values, in the order of `FILTERS`."""
        return [(name, value) for name in FILTERS if (value := getattr(self, name)) is not None]

    @property
    def kept(self) -> bool:
        """Whether it is worth a name: it filters, or has another order than usual."""
        return self.filtered or self.sort is not None or self.order is not None

    @property
    def sorted_by(self) -> Sort:
        """The field the list is sorted by."""
        return self.sort or ORDERS[self.tab][0]

    @property
    def direction(self) -> SortOrder:
        """The sort direction."""
        usual = SortOrder.ASC if self.sorted_by is Sort.TURN else SortOrder.DESC
        return self.order or usual

    @property
    def in_turn(self) -> bool:
        """Whether it shows waiting jobs in the order in which they will start, with none left out."""
        return self.sorted_by is Sort.TURN and self.direction is SortOrder.ASC and not self.filtered

    def parameters(self) -> dict[str, str]:
        """The parameters of its address, without those that have their defaults."""
        said = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return {name: "true" if value is True else str(value) for name, value in said.items()}

    def address(self, plugin: str, **changes: Any) -> str:
        """The address of this list, or of the same list with other values."""
        query = urlencode((self.changed(**changes) if changes else self).parameters())
        return f"/plugins/{plugin}" + (f"?{query}" if query else "")

    def at_moment(self, now: datetime) -> Self:
        """The list with the moment from which its ages are counted."""
        dated = self.older is not None or self.newer is not None
        return self.changed(at=self.at or whole_milliseconds(now)) if dated else self.changed(at=None)

    def query(self, plugin: str, now: datetime) -> JobQuery:
        """The query for the store."""
        return JobQuery(
            **self._conditions(plugin, now),
            sort=self.sorted_by,
            order=self.direction,
            cursor=self.cursor,
            limit=self.limit,
        )

    def chosen(self, plugin: str, now: datetime) -> JobFilter:
        """A filter for all jobs of the list, on all its pages."""
        return JobFilter(**self._conditions(plugin, now))

    def export(self, plugin: str) -> str:
        """The address of the whole list as CSV in the API."""
        said = self.first.parameters()
        named = {_IN_THE_API.get(name, name): value for name, value in said.items() if name != "limit"}
        return f"{API}/jobs.csv?{urlencode({'plugin': plugin, 'tab': self.tab.value, **named})}"

    def _conditions(self, plugin: str, now: datetime) -> dict[str, Any]:
        at = self.at or now
        return {
            "plugin": plugin,
            "tab": self.tab,
            "status": self.status,
            "project": self.project,
            "process": self.process,
            "text": self.q,
            "priority_min": self.priority_min,
            "priority_max": self.priority_max,
            "created_before": ago(at, self.older),
            "created_after": ago(at, self.newer),
            "warnings": self.warnings,
            "restored": self.restored,
            "ended_after": self.ended_after,
            "error_group": self.error_group,
            "error_text": self.error_text,
        }

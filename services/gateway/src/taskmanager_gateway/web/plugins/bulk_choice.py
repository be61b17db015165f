"""Changing many jobs of a plugin: which are chosen, and the operations that result. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import BeforeValidator, Field

from taskmanager.messages import StartOperation
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Record
from taskmanager.model.operations import JobFilter
from taskmanager.model.queries import IDS_LIMIT
from taskmanager.model.states import Tab
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem
from taskmanager_gateway.operations.bodies import FilterBody, OperationBody
from taskmanager_gateway.web.plugins.listing import PluginListAddress
from taskmanager_gateway.web.shell.forms import ReasonForm

SELECTION_LIMIT = 10_000
"""Jobs that may be chosen one by one; they are split into operations of `IDS_LIMIT` each."""
BULK_ACTIONS = {
    Tab.QUEUE: (JobAction.CANCEL, JobAction.HOLD, JobAction.RELEASE, JobAction.PRIORITY, JobAction.NEXT),
    Tab.DONE: (),
    Tab.ERROR: (JobAction.RETRY,),
}
"""The actions offered for the jobs of each tab."""


def chooses(who: Principal, plugin: str, tab: Tab) -> bool:
    """Whether the reader can do anything with jobs of the tab, and so gets checkboxes to choose them."""
    return who.may(Right.OPERATE, plugin) and bool(BULK_ACTIONS[tab])


def _blank(value: object) -> object:
    return None if value == "" else value


class ChoiceForm(Record):
    """The chosen jobs: `ids`, separated by blanks, or all that match `listing` if it is given."""

    action: JobAction = JobAction.CANCEL
    ids: str = ""
    listing: str = ""
    csrf: str = ""


class StartForm(ReasonForm, ChoiceForm):
    """A confirmed choice. `counted`: jobs submitted later are excluded; `key` makes a repeat harmless."""

    priority: Annotated[Annotated[int, Field(ge=0, le=10)] | None, BeforeValidator(_blank)] = None
    counted: datetime
    key: Annotated[str, Field(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen jobs, as filters with at most as many ids as one operation may name."""

    filters: Sequence[JobFilter]

    @classmethod
    def of(cls, plugin: str, form: ChoiceForm, counted: datetime) -> "Choice":
        """The choice in a form; raises ProblemError if nothing is chosen, or too much."""
        if form.listing:
            listing, _ = PluginListAddress.read(dict(parse_qsl(form.listing)))
            chosen = listing.chosen(plugin, counted)
            before = min(filter(None, (chosen.created_before, counted)))
            return cls([chosen.model_copy(update={"created_before": before})])
        ids = list(dict.fromkeys(form.ids.split()))
        if not 1 <= len(ids) <= SELECTION_LIMIT:
            raise field_problem(
                INVALID_REQUEST, [FieldError.of("ids", faults.SELECTION(most=SELECTION_LIMIT))]
            )
        parts = [ids[start : start + IDS_LIMIT] for start in range(0, len(ids), IDS_LIMIT)]
        return cls([JobFilter(plugin=plugin, ids=tuple(part)) for part in parts])

    def orders(self, form: StartForm, client: str) -> Iterator[StartOperation]:
        """The orders; raises ProblemError if a priority is missing or not allowed."""
        for number, chosen in enumerate(self.filters):
            same = FilterBody(plugin=chosen.plugin, tab=chosen.tab, status=chosen.status, ids=chosen.ids)
            body = OperationBody(action=form.action, priority=form.priority, filter=same, reason=form.reason)
            body.check()
            order = body.order(client, f"{form.key}.{number}", form.counted)
            yield order.model_copy(update={"filter": chosen})

"""Changing many jobs of a plugin: count them, ask for confirmation once, follow the operations."""

import json
from typing import Annotated

import uuid_utils
from fastapi import APIRouter, Form, Query
from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Record
from taskmanager.model.operations import PREVIEW_LIMIT, Preview
from taskmanager.model.states import Tab
from taskmanager_gateway.access.auth_context import Caller, auth_context_of
from taskmanager_gateway.access.plugin_scope import allow, allow_right, kept_within
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_OPERATION, ProblemError
from taskmanager_gateway.operations.service import OperationOutcome
from taskmanager_gateway.operations.views import OperationView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.plugins.bulk_choice import Choice, ChoiceForm, StartForm
from taskmanager_gateway.web.plugins.listing import PluginListAddress
from taskmanager_gateway.web.shell.render import done, fragment, text

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])

FOLLOWED_LIMIT = 12
"""The most operations a page follows at once."""


class FollowedQuery(Record):
    """Ids of operations, separated by blanks."""

    ids: Annotated[str, StringConstraints(max_length=50 * FOLLOWED_LIMIT)] = ""


@router.get("/ui/plugins/{name}/matching")
async def matching(request: Request, name: str, who: Caller) -> Response:
    """How many jobs match the list's filters, on all its pages, and are selected by that."""
    return fragment(request, "plugin/matching.html", {"found": await _matching(request, name, who)})


@router.get("/ui/plugins/{name}/matches")
async def matches(request: Request, name: str, who: Caller) -> Response:
    """How many jobs match the list's filters, on all its pages."""
    return fragment(request, "plugin/matches.html", {"found": await _matching(request, name, who)})


async def _matching(request: Request, name: str, who: Principal) -> Preview:
    allow(who, name)
    listing, _ = PluginListAddress.read(request.query_params)
    return await _counted(request, Choice([listing.chosen(name, services_of(request).clock.now())]), who)


@router.post("/ui/plugins/{name}/bulk")
async def ask(request: Request, name: str, form: Annotated[ChoiceForm, Form()], who: Caller) -> Response:
    """The pop-up: how many jobs, some examples, and the reason."""
    return await _ask(request, name, form, who, everything=False)


@router.get("/ui/plugins/{name}/cancel-jobs")
async def ask_cancel_all(request: Request, name: str, who: Caller) -> Response:
    """The same pop-up for all jobs that wait or run."""
    form = ChoiceForm(action=JobAction.CANCEL, listing=f"tab={Tab.QUEUE}")
    return await _ask(request, name, form, who, everything=True)


async def _ask(request: Request, name: str, form: ChoiceForm, who: Caller, *, everything: bool) -> Response:
    allow_right(who, Right.OPERATE)
    allow(who, name)
    now = services_of(request).clock.now()
    context = {
        "name": name,
        "form": form,
        "found": await _counted(request, Choice.of(name, form, now), who),
        "counted": now.isoformat(),
        "key": str(uuid_utils.uuid4()),
        "everything": everything,
    }
    return fragment(request, "plugin/bulk_ask.html", context)


@router.post("/ui/plugins/{name}/bulk/start")
async def start(request: Request, name: str, form: Annotated[StartForm, Form()], who: Caller) -> Response:
    """Start the operations, and have the page follow them."""
    allow(who, name)
    services = services_of(request)
    author = Author(who, form.reason)
    orders = list(Choice.of(name, form, form.counted).orders(form, auth_context_of(request).client))
    asked = [await services.operating.start(order, author, keyed=True) for order in orders]
    if any(one.taken is OperationOutcome.PENDING for one in asked):
        told = text(
            request, "The scheduler does not answer at present. Your request is kept and will be carried out."
        )
        answer = done(told, tone="warning")
    else:
        answer = done(
            text(request, "It has started; the progress is shown above the list."),
            events=("tm-rows", "tm-counts"),
        )
    triggers = json.loads(answer.headers["HX-Trigger"])
    triggers["tm-follow"] = {"operations": [one.operation.id for one in asked]}
    answer.headers["HX-Trigger"] = json.dumps(triggers)
    return answer


@router.get("/ui/following")
async def following(request: Request, query: Annotated[FollowedQuery, Query()], who: Caller) -> Response:
    """The operations a page follows, each with its progress; one that is not stored is shown as awaited."""
    ids = query.ids.split()[:FOLLOWED_LIMIT]
    found: list[tuple[str, OperationView | None]] = []
    for operation in ids:
        try:
            found.append(
                (operation, OperationView.of(await services_of(request).operating.find(operation, who)))
            )
        except ProblemError as error:
            if error.problem.kind is not UNKNOWN_OPERATION:
                raise
            found.append((operation, None))
    return fragment(request, "plugin/following.html", {"found": found})


async def _counted(request: Request, choice: Choice, who: Caller) -> Preview:
    """The jobs the choice matches now."""
    reader = services_of(request).reader
    parts = [await from_store(reader.preview(kept_within(who, chosen))) for chosen in choice.filters]
    return Preview(
        count=min(sum(part.count for part in parts), PREVIEW_LIMIT),
        exact=all(part.exact for part in parts),
        examples=parts[0].examples,
    )

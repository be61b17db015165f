"""Rules of notifications: who is told of what, where and when."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.notifications.rules import RuleId
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.examples import RULE
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_RULE,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.notifications.bodies import RuleBody
from taskmanager_gateway.notifications.views import (
    ChannelListView,
    ChannelView,
    DeliveryListView,
    DeliveryView,
    RuleCommandView,
    RuleListView,
    RuleView,
)
from taskmanager_gateway.services import services_of

router = APIRouter(
    prefix=API,
    tags=["Notifications"],
    dependencies=[needs(Right.NOTIFY)],
    responses=problems(NOT_AUTHENTICATED, FORBIDDEN),
)

Key = Annotated[RuleId, Path()]
SUBJECT = "limit=50"


@router.get(
    "/notification-channels", summary="List the channels of notifications", response_model=ChannelListView
)
async def list_channels(request: Request) -> Response:
    """The channels of the file that `TASKMANAGER_NOTIFICATIONS` names."""
    known = services_of(request).notifications.settings.channels
    views = [ChannelView(name=name, kind=channel.kind) for name, channel in sorted(known.items())]
    return json_answer(ChannelListView(channels=views))


@router.get(
    "/notification-rules",
    summary="List the rules of notifications",
    response_model=RuleListView,
    responses=problems(STORE_UNAVAILABLE),
)
async def list_rules(request: Request, who: Caller) -> Response:
    """The rules about plugins within reach."""
    use = services_of(request).notifications
    views = [RuleView.of(rule, use.settings.misfit(rule.terms)) for rule in await use.all(who)]
    return json_answer(RuleListView.model_construct(rules=views))


@router.get(
    "/notification-rules/{rule}",
    summary="Get a rule of notifications",
    response_model=RuleView,
    responses=problems(UNKNOWN_RULE, STORE_UNAVAILABLE),
)
async def show_rule(request: Request, rule: Key, who: Caller) -> Response:
    """The rule as it is."""
    use = services_of(request).notifications
    found = await use.find(rule, who)
    return json_answer(RuleView.of(found, use.settings.misfit(found.terms)))


@router.get(
    "/notification-rules/{rule}/deliveries",
    summary="List the last messages of a rule",
    response_model=DeliveryListView,
    responses=problems(UNKNOWN_RULE, STORE_UNAVAILABLE),
)
async def list_deliveries(request: Request, rule: Key, who: Caller) -> Response:
    """What was sent, what was not accepted and why, and how many events wait."""
    use = services_of(request).notifications
    found = await use.find(rule, who)
    view = DeliveryListView.model_construct(
        rule=found.id,
        waiting=await use.waiting(found),
        deliveries=[DeliveryView.of(one) for one in await use.deliveries(found)],
    )
    return json_answer(view)


@router.put(
    "/notification-rules/{rule}",
    summary="Make or change a rule of notifications",
    response_model=RuleCommandView,
    responses=command_answers(STORE_UNAVAILABLE),
    openapi_extra=json_request("RuleBody", RULE),
)
async def keep_rule(request: Request, rule: Key, who: Caller) -> Response:
    """The id is yours to choose: lower-case letters, digits and hyphens."""
    body = await read_order(request, RuleBody)
    use = services_of(request).notifications
    return await command_answer(
        await use.keep(rule, body.terms, Author(who, body.reason)), SUBJECT, RuleCommandView
    )


@router.delete(
    "/notification-rules/{rule}",
    summary="Remove a rule of notifications",
    response_model=RuleCommandView,
    responses=command_answers(UNKNOWN_RULE, STORE_UNAVAILABLE),
    openapi_extra=REASON_BODY,
)
async def remove_rule(request: Request, rule: Key, who: Caller) -> Response:
    """With all that it has not sent yet."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).notifications.remove(rule, Author(who, body.reason))
    return await command_answer(result, SUBJECT, RuleCommandView)


@router.post(
    "/notification-rules/{rule}/test",
    summary="Send a test by a rule",
    response_model=RuleCommandView,
    responses=command_answers(UNKNOWN_RULE, STORE_UNAVAILABLE),
    openapi_extra=REASON_BODY,
)
async def test_rule(request: Request, rule: Key, who: Caller) -> Response:
    """At once, whatever its pace and its quiet hours; the messages of the rule then show how it went."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).notifications.send_test(rule, Author(who, body.reason))
    return await command_answer(result, SUBJECT, RuleCommandView)

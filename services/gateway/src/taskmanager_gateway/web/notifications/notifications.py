"""Notifications: the rules, one rule with its last messages, and what changes it."""

from typing import Annotated, Any

import uuid_utils
from fastapi import APIRouter, Form, Path
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.notifications.events import CHOSEN
from taskmanager.model.notifications.rules import Pace, Rule, RuleId, RuleTerms
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.plugin_scope_field import check_reach, reach_choices
from taskmanager_gateway.web.notifications.rule_forms import RuleForm
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.languages import LANGUAGES
from taskmanager_gateway.web.shell.render import fragment, page, text
from taskmanager_gateway.web.shell.visitor import Visitor

PATH = "/notifications"
CHANGED = ("tm-rule",)

router = APIRouter(dependencies=[needs(Right.NOTIFY)])

Key = Annotated[RuleId, Path()]


@router.get(PATH)
async def show(request: Request, who: Caller) -> Response:
    """All rules within reach."""
    use = services_of(request).notifications
    lines = [(rule, use.settings.misfit(rule.terms)) for rule in await use.all(who)]
    context = {"lines": lines, "channels": sorted(use.settings.channels)}
    return await page(request, "notifications/list.html", context)


@router.get("/new-notification")
async def show_new(request: Request) -> Response:
    """The form of a new rule; its id is settled here, so that it is one rule however often it is sent."""
    return await _form_page(request, str(uuid_utils.uuid7()), None)


@router.get(PATH + "/{rule}")
async def show_rule(request: Request, rule: Key, who: Caller) -> Response:
    """One rule, its last messages, and why one was not accepted."""
    return await page(request, "notifications/rule.html", await _whole(request, rule, who))


@router.get(PATH + "/{rule}/change")
async def show_change(request: Request, rule: Key, who: Caller) -> Response:
    """The form of a rule."""
    found = await services_of(request).notifications.find(rule, who)
    return await _form_page(request, rule, found)


@router.get("/ui/notifications/{rule}")
async def messages(request: Request, rule: Key, who: Caller) -> Response:
    """The last messages alone, for an open page."""
    return fragment(request, "notifications/messages.html", await _whole(request, rule, who))


@router.post("/ui/notifications/{rule}")
async def keep(request: Request, rule: Key, form: Annotated[RuleForm, Form()], who: Caller) -> Response:
    """Make or change the rule, and go to its page."""
    check_reach(form)
    try:
        terms = RuleTerms(**form.fields)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("form", *one["loc"])} for one in error.errors()]
        ) from error
    result = await services_of(request).notifications.keep(rule, terms, Author(who, form.reason))
    return command_answer(request, result, text(request, "The rule was saved."), leads_to=f"{PATH}/{rule}")


@router.post("/ui/notifications/{rule}/test")
async def send_test(
    request: Request, rule: Key, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Send a message now."""
    result = await services_of(request).notifications.send_test(rule, Author(who, form.reason))
    told = text(request, "A test is being sent; below it says how it went.")
    return command_answer(request, result, told, events=CHANGED)


@router.get("/ui/notifications/{rule}/remove")
async def ask_remove(request: Request, rule: Key, who: Caller) -> Response:
    """The pop-up that asks for confirmation."""
    found = await services_of(request).notifications.find(rule, who)
    return fragment(request, "notifications/remove.html", {"rule": found})


@router.post("/ui/notifications/{rule}/remove")
async def remove(request: Request, rule: Key, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Remove the rule, and go to the list of the others."""
    result = await services_of(request).notifications.remove(rule, Author(who, form.reason))
    return command_answer(request, result, text(request, "The rule was removed."), leads_to=PATH)


async def _whole(request: Request, rule: str, who: Principal) -> dict[str, Any]:
    use = services_of(request).notifications
    found = await use.find(rule, who)
    return {
        "rule": found,
        "misfit": use.settings.misfit(found.terms),
        "deliveries": await use.deliveries(found),
        "waiting": await use.waiting(found),
    }


async def _form_page(request: Request, rule_id: str, rule: Rule | None) -> Response:
    use = services_of(request).notifications
    zone = Visitor.of(request).formats.zone
    context = {
        "id": rule_id,
        "rule": rule,
        "kinds": CHOSEN,
        "paces": list(Pace),
        "channels": sorted(use.settings.channels.items()),
        "tongues": LANGUAGES,
        "zone": rule.zone if rule else str(zone),
    }
    chosen = await reach_choices(request, rule.plugins if rule else None)
    return await page(request, "notifications/form.html", context | chosen)

"""The user's own security keys: added and removed with plain forms; a script talks to a key that is added."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import User
from taskmanager.model.jobs import Record
from taskmanager.model.security_keys import KeyId, KeyName
from taskmanager_gateway.access.auth_context import Caller, address_of
from taskmanager_gateway.access.requirements import needs_log_in
from taskmanager_gateway.accounts.second_factor.security_keys import KeyAnswer, SecurityKeys
from taskmanager_gateway.commands.service import Author, CommandPending
from taskmanager_gateway.http.problems import Problem, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.log_in import ACCOUNT
from taskmanager_gateway.web.accounts.own_factor import OwnerLatelyIn, recovery_codes, told_of_slip
from taskmanager_gateway.web.shell.render import page

KEYS = f"{ACCOUNT}/security-keys"

router = APIRouter(prefix=KEYS, dependencies=[needs_log_in()])


class _KeyForm(Record):
    """The password, which every change requires."""

    name: Annotated[str, Form(max_length=200)] = ""
    """The user name; only there for password managers."""
    current: Annotated[str, Form(max_length=1_000)] = ""
    csrf: str = ""


class NewKeyForm(_KeyForm):
    """The name of the key, and its answer to the challenge of the page, as JSON."""

    label: KeyName
    challenge: Annotated[str, Form(max_length=1_000)] = ""
    key_answer: Annotated[str, Field(max_length=20_000)] = ""


class GoneKeyForm(_KeyForm):
    """The key to remove."""

    key: KeyId


@router.get("")
async def show(request: Request, user: OwnerLatelyIn) -> Response:
    """The form to add a key."""
    return await _add_page(request, user)


@router.post("")
async def add(
    request: Request, form: Annotated[NewKeyForm, Form()], who: Caller, user: OwnerLatelyIn
) -> Response:
    """Add a key; with the first second factor the response shows recovery codes, once."""
    answer = KeyAnswer(form.challenge, form.key_answer)
    try:
        result, codes = await _use(request).add(
            Author(who), form.label, form.current, answer, address_of(request)
        )
    except ProblemError as error:
        return await _add_page(request, user, told_of_slip(error), form.label)
    if codes:
        return await recovery_codes(request, codes, stored=isinstance(result, CommandPending))
    return RedirectResponse(ACCOUNT, 303)


@router.get("/remove")
async def ask_remove(request: Request, key: Annotated[KeyId, Query()], user: OwnerLatelyIn) -> Response:
    """The form to remove a key."""
    return await _remove_page(request, user, key)


@router.post("/remove")
async def remove(
    request: Request, form: Annotated[GoneKeyForm, Form()], who: Caller, user: OwnerLatelyIn
) -> Response:
    """Remove a key."""
    try:
        await _use(request).remove(Author(who), form.key, form.current, address_of(request))
    except ProblemError as error:
        return await _remove_page(request, user, form.key, told_of_slip(error))
    return RedirectResponse(ACCOUNT, 303)


def _use(request: Request) -> SecurityKeys:
    return services_of(request).access.security_keys


async def _add_page(
    request: Request, user: User, problem: Problem | None = None, label: str = ""
) -> Response:
    use = _use(request)
    context = {
        "problem": problem,
        "user": user,
        "label": label,
        "origin": use.origin,
        "question": await use.offer(user) if use.origin else None,
    }
    status = problem.kind.status if problem else 200
    return await page(request, "access/security_key.html", context, status=status)


async def _remove_page(request: Request, user: User, key_id: str, problem: Problem | None = None) -> Response:
    key = user.second_factor.key(key_id) if user.second_factor else None
    if key is None:
        return RedirectResponse(ACCOUNT, 303)
    context = {"problem": problem, "user": user, "key": key}
    status = problem.kind.status if problem else 200
    return await page(request, "access/security_key_removal.html", context, status=status)

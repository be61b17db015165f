"""Users, managed by admins."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import ChangeUser
from taskmanager.model.access import Principal, Right
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.accounts.bodies import AddUserBody, ChangeUserBody, SetPasswordBody
from taskmanager_gateway.accounts.users_and_tokens import AccountResult
from taskmanager_gateway.accounts.views import UserCommandView, UserListView, UserView
from taskmanager_gateway.api.commands import REASON_BODY, account_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author, CommandDone
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.examples import ADD_USER, CHANGE_USER, SET_PASSWORD
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    INVALID_REQUEST,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_USER,
    WEAK_PASSWORD,
    ProblemError,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

Name = Annotated[str, Path(pattern=r"^[\w.@+-]+$", max_length=80)]

router = APIRouter(
    prefix=API,
    tags=["Access"],
    dependencies=[needs(Right.ADMIN)],
    responses=problems(NOT_AUTHENTICATED, FORBIDDEN),
)
_ANSWERS = command_answers(UNKNOWN_USER) | {
    202: {"model": UserCommandView, "description": "Pending: stored, not yet carried out"}
}


@router.get(
    "/users", summary="List users", response_model=UserListView, responses=problems(STORE_UNAVAILABLE)
)
async def list_users(request: Request, who: Caller) -> Response:
    """All users by name, including disabled ones."""
    users = await services_of(request).access.accounts.users(who)
    return json_answer(UserListView(users=[UserView.of(user) for user in users]))


@router.get(
    "/users/{name}",
    summary="Get a user",
    response_model=UserView,
    responses=problems(INVALID_REQUEST, UNKNOWN_USER, STORE_UNAVAILABLE),
)
async def show_user(request: Request, name: Name, who: Caller) -> Response:
    """A user, by name."""
    return json_answer(UserView.of(await services_of(request).access.accounts.user(name, who)))


@router.post(
    "/users",
    summary="Add a user",
    response_model=UserCommandView,
    responses=_ANSWERS,
    openapi_extra=json_request("AddUserBody", ADD_USER),
)
async def add_user(request: Request, who: Caller) -> Response:
    """Add a user, who logs in with the one-time password in this response and then chooses another one."""
    body = await read_order(request, AddUserBody)
    result, password = await services_of(request).access.accounts.add_user(
        Author(who, body.reason), body.name, body.role, body.plugins
    )
    return await _answer(request, body.name, who, result, password)


@router.patch(
    "/users/{name}",
    summary="Change a user",
    response_model=UserCommandView,
    responses=_ANSWERS,
    openapi_extra=json_request("ChangeUserBody", CHANGE_USER),
)
async def change_user(request: Request, name: Name, who: Caller) -> Response:
    """Change the role or the plugins, disable or re-enable the user. Omitted fields stay as they are."""
    body = await read_order(request, ChangeUserBody)
    order = ChangeUser(name=name, role=body.role, plugins=body.plugins, disabled=body.disabled)
    result = await services_of(request).access.accounts.change_user(Author(who, body.reason), order)
    return await _answer(request, name, who, result)


@router.put(
    "/users/{name}/password",
    summary="Set a one-time password",
    response_model=UserCommandView,
    responses=_ANSWERS | problems(WEAK_PASSWORD),
    openapi_extra=json_request("SetPasswordBody", SET_PASSWORD, required=False),
)
async def set_password(request: Request, name: Name, who: Caller) -> Response:
    """For a user who lost their password: the new one only allows choosing another. All their log-ins end."""
    body = await read_order(request, SetPasswordBody)
    result, password = await services_of(request).access.accounts.set_password(
        Author(who, body.reason), name, body.password
    )
    return await _answer(request, name, who, result, password)


@router.post(
    "/users/{name}/log-out",
    summary="Log a user out everywhere",
    response_model=UserCommandView,
    responses=_ANSWERS,
    openapi_extra=REASON_BODY,
)
async def end_sessions(request: Request, name: Name, who: Caller) -> Response:
    """End all log-ins of the user."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).access.accounts.end_sessions(Author(who, body.reason), name)
    return await _answer(request, name, who, result)


@router.delete(
    "/users/{name}/second-factor",
    summary="Remove the second factor of a user",
    response_model=UserCommandView,
    responses=_ANSWERS,
    openapi_extra=REASON_BODY,
)
async def remove_second_factor(request: Request, name: Name, who: Caller) -> Response:
    """For a user who lost the device and the recovery codes: the password alone is enough to log in again."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).access.accounts.remove_second_factor(Author(who, body.reason), name)
    return await _answer(request, name, who, result)


@router.delete(
    "/users/{name}",
    summary="Remove a user",
    response_model=UserCommandView,
    responses=_ANSWERS,
    openapi_extra=REASON_BODY,
)
async def remove_user(request: Request, name: Name, who: Caller) -> Response:
    """Remove the user; the audit keeps what they did. The last admin cannot be removed."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).access.accounts.remove_user(Author(who, body.reason), name)
    return await _answer(request, name, who, result)


async def _answer(
    request: Request, name: str, who: Principal, result: AccountResult, password: str | None = None
) -> Response:
    user = await _shown(request, name, who) if isinstance(result, CommandDone) else None
    return account_answer(result, UserCommandView, user=user, one_time_password=password)


async def _shown(request: Request, name: str, who: Principal) -> UserView | None:
    try:
        return UserView.of(await services_of(request).access.accounts.user(name, who))
    except (ProblemError, StoreUnavailableError):
        return None

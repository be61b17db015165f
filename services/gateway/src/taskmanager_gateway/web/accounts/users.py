"""Users, for admins: who may log in, and what they may do."""

from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import ChangeUser
from taskmanager.model.access import Right, Role
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.accounts.users_and_tokens import Accounts
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.plugin_scope_field import check_reach, reach_choices
from taskmanager_gateway.web.accounts.user_forms import NewUserForm, UserAct, UserForm, UserLine, user_lines
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, page, text
from taskmanager_gateway.web.shell.shown_secrets import shown_once

CHANGED = ("tm-access",)

Name = Annotated[str, Path(pattern=r"^[\w.@+-]+$", max_length=80)]

router = APIRouter(dependencies=[needs(Right.ADMIN)])


@router.get("/users")
async def show(request: Request, who: Caller) -> Response:
    """The page of users."""
    return await page(request, "users/page.html", await _list(request, who))


@router.get("/ui/users")
async def rows(request: Request, who: Caller) -> Response:
    """The list alone, for an open page."""
    return fragment(request, "users/list.html", await _list(request, who))


@router.get("/ui/new-user")
async def ask_add(request: Request) -> Response:
    """The pop-up for adding a user."""
    context = {"roles": list(Role), **await reach_choices(request, None)}
    return fragment(request, "users/add.html", context)


@router.post("/ui/users")
async def add(request: Request, form: Annotated[NewUserForm, Form()], who: Caller) -> Response:
    """Add a user; the one-time password is shown once."""
    check_reach(form)
    result, password = await _use(request).add_user(
        Author(who, form.reason), form.name, form.role, form.chosen
    )
    return shown_once(request, "users/password.html", result, password, CHANGED, name=form.name)


@router.get("/ui/users/{name}")
async def ask_change(request: Request, name: Name, who: Caller) -> Response:
    """The pop-up for one user: role, plugins, and the other actions."""
    line = await _line(request, name, who)
    context = {"line": line, "roles": list(Role), **await reach_choices(request, line.user.plugins)}
    return fragment(request, "users/change.html", context)


@router.post("/ui/users/{name}")
async def change(request: Request, name: Name, form: Annotated[UserForm, Form()], who: Caller) -> Response:
    """Change the role and the plugins."""
    check_reach(form)
    order = ChangeUser(name=name, role=form.role, plugins="all" if form.chosen is None else form.chosen)
    result = await _use(request).change_user(Author(who, form.reason), order)
    return command_answer(request, result, text(request, "%(name)s was changed.", name=name), events=CHANGED)


@router.get("/ui/users/{name}/{act}")
async def ask_act(request: Request, name: Name, act: UserAct, who: Caller) -> Response:
    """The pop-up that asks for confirmation."""
    return fragment(request, "users/act.html", {"line": await _line(request, name, who), "act": act})


@router.post("/ui/users/{name}/{act}")
async def do_act(
    request: Request, name: Name, act: UserAct, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Carry out the action."""
    use, author = _use(request), Author(who, form.reason)
    if act is UserAct.PASSWORD:
        result, password = await use.set_password(author, name, None)
        return shown_once(request, "users/password.html", result, password or "", CHANGED, name=name)
    return command_answer(
        request, await _acted(use, author, name, act), _told(request, name, act), events=CHANGED
    )


async def _acted(use: Accounts, author: Author, name: str, act: UserAct) -> CommandDone | CommandPending:
    if act is UserAct.LOG_OUT:
        return await use.end_sessions(author, name)
    if act is UserAct.SECOND_FACTOR:
        return await use.remove_second_factor(author, name)
    if act is UserAct.REMOVE:
        return await use.remove_user(author, name)
    return await use.change_user(author, ChangeUser(name=name, disabled=act is UserAct.DISABLE))


def _told(request: Request, name: str, act: UserAct) -> str:
    if act is UserAct.LOG_OUT:
        return text(request, "%(name)s was logged out everywhere.", name=name)
    if act is UserAct.SECOND_FACTOR:
        return text(request, "%(name)s logs in with the password alone now.", name=name)
    if act is UserAct.REMOVE:
        return text(request, "%(name)s was removed.", name=name)
    if act is UserAct.DISABLE:
        return text(request, "%(name)s was disabled.", name=name)
    return text(request, "%(name)s was enabled.", name=name)


def _use(request: Request) -> Accounts:
    return services_of(request).access.accounts


async def _list(request: Request, who: Caller) -> dict[str, object]:
    return {"lines": user_lines(await _use(request).users(who), who)}


async def _line(request: Request, name: str, who: Caller) -> UserLine:
    return user_lines([await _use(request).user(name, who)], who)[0]

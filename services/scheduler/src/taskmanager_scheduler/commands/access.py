"""Admins' commands for users, tokens and sessions, and users' commands for their own. Pure.

The gateway has already checked that the actor has the right. A command that the broker redelivers is not
executed again, whatever has happened since: it gets its first answer.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from taskmanager.messages import (
    AddToken,
    AddUser,
    ChangeUser,
    Command,
    EndSession,
    EndSessions,
    LogInSeen,
    RemoveUser,
    RevokeToken,
    SetPassword,
)
from taskmanager.model.access import Token, User
from taskmanager.model.jobs import Attribution
from taskmanager.model.reasons import Reason, actions_taken, log_ins, oidc_refusals, refusals
from taskmanager.model.registry import AuditEntry
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.access_state import AccessGroupState, is_enabled_admin
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.jobs.effects import CommandAnswer

OrderT = TypeVar("OrderT")


class OrderOfUser(Protocol):
    """An order that names a user."""

    @property
    def name(self) -> str:
        """The user's name, in any spelling."""


UserOrderT = TypeVar("UserOrderT", bound=OrderOfUser)


class AccessSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    register: AccessGroupState


def log_in_entry(seen: LogInSeen, now: datetime) -> AuditEntry:
    """The audit entry of a login; no gateway's clock places it later than `now`."""
    why = log_ins.SEEN(
        way=log_ins.WAYS[seen.way](),
        address=seen.address,
        count=seen.times if seen.times > 1 else None,
        why=_why_refused(seen),
    )
    return AuditEntry(
        id=seen.id,
        at=min(seen.at, now),
        actor=seen.user or "anonymous",
        reason="",
        what=actions_taken.LOG_IN(),
        subject=seen.user or None,
        outcome="done" if seen.outcome == "done" else "refused",
        why=why,
    )


def _why_refused(seen: LogInSeen) -> Reason | None:
    """Why a log-in was refused, as far as the report of the gateway tells."""
    if seen.outcome == "done":
        return None
    if seen.outcome == "too_many":
        return log_ins.TOO_MANY()
    match seen.way:
        case "password":
            return log_ins.WRONG_PASSWORD() if seen.user else log_ins.UNKNOWN_NAME()
        case "code":
            return log_ins.WRONG_CODE()
        case "security_key":
            return log_ins.WRONG_KEY()
        case "oidc":
            code = oidc_refusals.CODES.get(seen.refusal or "", log_ins.NOT_LET_IN)
            return code()


def _add_user(space: AccessSpace, command: Command, order: AddUser) -> CommandAnswer:
    register, note = space.register, attribution(command, space.now)
    known = register.user(order.name)
    if known is not None:
        return "refused", refusals.USER_EXISTS(name=known.name)
    register.keep(
        User(
            name=order.name,
            role=order.role,
            plugins=order.plugins,
            password_hash=order.password_hash,
            one_time=order.one_time and order.password_hash is not None,
            sessions_from=note.at,
            created=note,
        )
    )
    return "done", None


def _change_user(space: AccessSpace, user: User, order: ChangeUser, note: Attribution) -> CommandAnswer:
    return _kept(space.register, user, _changed(user, order, note))


def _end_sessions(space: AccessSpace, user: User, _order: EndSessions, _note: Attribution) -> CommandAnswer:
    return _kept(space.register, user, user.model_copy(update={"sessions_from": space.now}))


def _changed(user: User, order: ChangeUser, note: Attribution) -> User:
    fields: dict[str, object] = {}
    if order.role is not None:
        fields["role"] = order.role
    if order.plugins is not None:
        fields["plugins"] = None if order.plugins == "all" else order.plugins
    if order.disabled is False:
        fields["disabled"] = None
    if order.disabled and user.disabled is None:
        fields |= {"disabled": note, "sessions_from": note.at}
    return user.model_copy(update=fields)


def _set_password(space: AccessSpace, user: User, order: SetPassword, _note: Attribution) -> CommandAnswer:
    fields: dict[str, object] = {"password_hash": order.password_hash}
    if order.rehash_of is None:
        fields |= {"one_time": order.one_time, "sessions_from": space.now}
    elif order.rehash_of != user.password_hash:
        return "unchanged", refusals.OTHER_PASSWORD()
    return _kept(space.register, user, user.model_copy(update=fields))


def _kept(register: AccessGroupState, before: User, after: User) -> CommandAnswer:
    if after == before:
        return "unchanged", None
    if is_enabled_admin(before) and not is_enabled_admin(after) and not register.admin_without(before):
        return "refused", refusals.LAST_ADMIN(name=before.name)
    register.keep(after)
    return "done", None


def _remove_user(space: AccessSpace, user: User, _order: RemoveUser, _note: Attribution) -> CommandAnswer:
    if is_enabled_admin(user) and not space.register.admin_without(user):
        return "refused", refusals.LAST_ADMIN(name=user.name)
    space.register.drop(user)
    return "done", None


def _add_token(space: AccessSpace, command: Command, order: AddToken) -> CommandAnswer:
    register, note = space.register, attribution(command, space.now)
    if order.expires is not None and order.expires <= note.at:
        return "refused", refusals.TOKEN_EXPIRED()
    for known in register.tokens.values():
        if known.id == order.id or known.secret_hash == order.secret_hash:
            return "refused", refusals.TOKEN_REPEATED()
        if known.name == order.name and known.usable(note.at):
            return "refused", refusals.TOKEN_EXISTS(name=known.name)
    fields = order.model_dump(include={"id", "name", "secret_hash", "scopes", "plugins", "expires"})
    register.tokens[order.id] = Token(**fields, created=note)
    return "done", None


def _revoke_token(space: AccessSpace, command: Command, order: RevokeToken) -> CommandAnswer:
    register, note = space.register, attribution(command, space.now)
    token = register.tokens.get(order.token)
    if token is None:
        return "unknown", refusals.NO_TOKEN()
    if token.revoked is not None:
        return "unchanged", None
    register.tokens[token.id] = token.model_copy(update={"revoked": note})
    return "done", None


def _end_session(space: AccessSpace, command: Command, order: EndSession) -> CommandAnswer:
    del command
    if order.expires <= space.now:
        return "unchanged", refusals.SESSION_ENDED()
    space.register.ended[order.session] = order.expires
    return "done", None


def _describe_password(order: SetPassword) -> Reason:
    if order.rehash_of is not None:
        return actions_taken.REHASH()
    return actions_taken.ONE_TIME_PASSWORD() if order.one_time else actions_taken.PASSWORD()


def _describe_change(order: ChangeUser) -> Reason:
    able = None if order.disabled is None else "disable" if order.disabled else "enable"
    plugins = None if order.plugins == "all" else order.plugins
    reach = None if order.plugins is None else _reach(plugins)
    return actions_taken.CHANGE_USER(role=order.role, reach=reach, able=able)


def _reach(plugins: tuple[str, ...] | None) -> Reason:
    if plugins is None:
        return actions_taken.ALL_PLUGINS()
    return actions_taken.SOME_PLUGINS(plugins=" ".join(plugins)) if plugins else actions_taken.NO_PLUGIN()


def _of_user(space: AccessSpace, order: OrderOfUser) -> Subject:
    return _spelled(space, order.name)


def _spelled(space: AccessSpace, name: str) -> Subject:
    user = space.register.user(name)
    return Subject(subject=user.name if user else name)


def _revoked(space: AccessSpace, order: RevokeToken) -> Subject:
    token = space.register.tokens.get(order.token)
    return Subject(subject=f"token:{token.name if token else order.token}")


def _needs(command: Command, order: object) -> Needs:
    """All users and tokens, since they are decided on together, and any earlier answer to the command."""
    del order
    return Needs(access=frozenset({command.id}))


def _describe_add_user(order: AddUser) -> Reason:
    return actions_taken.ADD_USER(role=order.role, reach=_reach(order.plugins))


def _describe_add_token(order: AddToken) -> Reason:
    scopes = " ".join(order.scopes)
    return actions_taken.ADD_TOKEN(scopes=scopes, reach=_reach(order.plugins), ends=order.expires)


def _handler(
    execute: Callable[[AccessSpace, Command, OrderT], CommandAnswer],
    describe: Callable[[OrderT], Reason],
    subject: Callable[[AccessSpace, OrderT], Subject],
) -> CommandHandler[AccessSpace, OrderT]:
    """A repeated command gets its first answer."""
    return CommandHandler(_needs, subject, describe, execute, once=True)


def user_handler(
    execute: Callable[[AccessSpace, User, UserOrderT, Attribution], CommandAnswer],
    describe: Callable[[UserOrderT], Reason],
) -> CommandHandler[AccessSpace, UserOrderT]:
    """The handler of an order about a user who must exist."""

    def of_known(space: AccessSpace, command: Command, order: UserOrderT) -> CommandAnswer:
        user = space.register.user(order.name)
        if user is None:
            return "unknown", refusals.NO_USER(name=order.name)
        return execute(space, user, order, attribution(command, space.now))

    return _handler(of_known, describe, _of_user)


ADD_USER = _handler(_add_user, _describe_add_user, _of_user)
CHANGE_USER = user_handler(_change_user, _describe_change)
SET_PASSWORD = user_handler(_set_password, _describe_password)
END_SESSIONS = user_handler(_end_sessions, lambda _: actions_taken.END_SESSIONS())
REMOVE_USER = user_handler(_remove_user, lambda _: actions_taken.REMOVE_USER())
ADD_TOKEN = _handler(_add_token, _describe_add_token, lambda _, order: Subject(subject=f"token:{order.name}"))
REVOKE_TOKEN = _handler(_revoke_token, lambda _: actions_taken.REVOKE_TOKEN(), _revoked)
END_SESSION = _handler(
    _end_session, lambda _: actions_taken.END_SESSION(), lambda space, order: _spelled(space, order.user)
)

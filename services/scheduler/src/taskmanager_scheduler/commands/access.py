"""Admins' commands for users, tokens and sessions; and what everybody may do to their own. Pure.

Whether the actor has the right was checked by the gateway. A command the broker hands out again is not
obeyed again, whatever has happened since: it gets its first answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from taskmanager.messages import (
    AccessOrder,
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
from taskmanager.model.jobs import Attribution, Record
from taskmanager.model.reasons import Code, Reason, actions_taken, refusals
from taskmanager.model.registry import AuditEntry
from taskmanager_scheduler.commands.access_state import AccessGroupState, is_enabled_admin
from taskmanager_scheduler.jobs.effects import CommandResultAndReason


class AccessSpace(Protocol):
    """What such a command may see and change: the fold it is part of."""

    now: datetime
    register: AccessGroupState


def execute_for_access(space: AccessSpace, command: Command, order: AccessOrder) -> CommandResultAndReason:
    """Do what can be done."""
    note = Attribution(by=command.actor, at=space.now, reason=command.reason)
    match order:
        case AddUser():
            return _add_user(space.register, order, note)
        case AddToken():
            return _add_token(space.register, order, note)
        case RevokeToken():
            return _revoke_token(space.register, order, note)
        case EndSession():
            return _end_session(space, order)
    return _obey_for_user(space, order, note)


def _obey_for_user(
    space: AccessSpace, order: ChangeUser | SetPassword | EndSessions | RemoveUser, note: Attribution
) -> CommandResultAndReason:
    user = space.register.user(order.name)
    if user is None:
        return "unknown", refusals.NO_USER(name=order.name)
    match order:
        case RemoveUser():
            return _remove(space.register, user)
        case ChangeUser():
            return _kept(space.register, user, _changed(user, order, note))
        case SetPassword():
            return _set_password(space, user, order)
        case EndSessions():
            return _kept(space.register, user, user.model_copy(update={"sessions_from": space.now}))


def describe_access(order: AccessOrder) -> Reason:
    """What the audit says of it; never a hash."""
    match order:
        case AddUser():
            return actions_taken.ADD_USER(role=order.role, reach=_reach(order.plugins))
        case ChangeUser():
            return _change(order)
        case SetPassword():
            return _new_password(order)
        case AddToken():
            scopes = " ".join(order.scopes)
            return actions_taken.ADD_TOKEN(scopes=scopes, reach=_reach(order.plugins), ends=order.expires)
    return _DEEDS[type(order)]()


def access_subject(register: AccessGroupState, order: AccessOrder) -> str:
    """The user or token concerned, as the audit spells it."""
    match order:
        case AddToken():
            return f"token:{order.name}"
        case RevokeToken():
            token = register.tokens.get(order.token)
            return f"token:{token.name if token else order.token}"
    name = order.user if isinstance(order, EndSession) else order.name
    user = register.user(name)
    return user.name if user else name


def log_in_entry(seen: LogInSeen, now: datetime) -> AuditEntry:
    """What the audit keeps of a log-in; no gateway's clock makes it later than now."""
    times = f", {seen.times} times" if seen.times > 1 else ""
    return AuditEntry(
        id=seen.id,
        at=min(seen.at, now),
        actor=seen.user or "anonymous",
        reason="",
        what=actions_taken.LOG_IN(),
        subject=seen.user or None,
        outcome="done" if seen.outcome == "done" else "refused",
        detail=f"{seen.way.replace('_', ' ')}, from {seen.address}{times}",
    )


def _add_user(register: AccessGroupState, order: AddUser, note: Attribution) -> CommandResultAndReason:
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


def _set_password(space: AccessSpace, user: User, order: SetPassword) -> CommandResultAndReason:
    fields: dict[str, object] = {"password_hash": order.password_hash}
    if order.rehash_of is None:
        fields |= {"one_time": order.one_time, "sessions_from": space.now}
    elif order.rehash_of != user.password_hash:
        return "unchanged", refusals.OTHER_PASSWORD()
    return _kept(space.register, user, user.model_copy(update=fields))


def _kept(register: AccessGroupState, before: User, after: User) -> CommandResultAndReason:
    if after == before:
        return "unchanged", None
    if is_enabled_admin(before) and not is_enabled_admin(after) and not register.admin_without(before):
        return "refused", refusals.LAST_ADMIN(name=before.name)
    register.keep(after)
    return "done", None


def _remove(register: AccessGroupState, user: User) -> CommandResultAndReason:
    if is_enabled_admin(user) and not register.admin_without(user):
        return "refused", refusals.LAST_ADMIN(name=user.name)
    register.drop(user)
    return "done", None


def _add_token(register: AccessGroupState, order: AddToken, note: Attribution) -> CommandResultAndReason:
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


def _revoke_token(
    register: AccessGroupState, order: RevokeToken, note: Attribution
) -> CommandResultAndReason:
    token = register.tokens.get(order.token)
    if token is None:
        return "unknown", refusals.NO_TOKEN()
    if token.revoked is not None:
        return "unchanged", None
    register.tokens[token.id] = token.model_copy(update={"revoked": note})
    return "done", None


def _end_session(space: AccessSpace, order: EndSession) -> CommandResultAndReason:
    if order.expires <= space.now:
        return "unchanged", refusals.SESSION_ENDED()
    space.register.ended[order.session] = order.expires
    return "done", None


def _new_password(order: SetPassword) -> Reason:
    if order.rehash_of is not None:
        return actions_taken.REHASH()
    return actions_taken.ONE_TIME_PASSWORD() if order.one_time else actions_taken.PASSWORD()


def _change(order: ChangeUser) -> Reason:
    able = None if order.disabled is None else "disable" if order.disabled else "enable"
    plugins = None if order.plugins == "all" else order.plugins
    reach = None if order.plugins is None else _reach(plugins)
    return actions_taken.CHANGE_USER(role=order.role, reach=reach, able=able)


def _reach(plugins: tuple[str, ...] | None) -> Reason:
    if plugins is None:
        return actions_taken.ALL_PLUGINS()
    return actions_taken.SOME_PLUGINS(plugins=" ".join(plugins)) if plugins else actions_taken.NO_PLUGIN()


_DEEDS: Mapping[type[Record], Code] = {
    RevokeToken: actions_taken.REVOKE_TOKEN,
    RemoveUser: actions_taken.REMOVE_USER,
    EndSessions: actions_taken.END_SESSIONS,
    EndSession: actions_taken.END_SESSION,
}

"""What the gateway knows about each kind of order: who may give it, and the error if it is not carried out.

A new kind of order is one entry of `ORDERS`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from taskmanager.messages import (
    AddNote,
    AddSecurityKey,
    AddToken,
    AddUser,
    ChangeUser,
    EndSession,
    EndSessions,
    JobCommand,
    Order,
    PluginCommand,
    RemoveDevice,
    RemoveNote,
    RemovePreset,
    RemoveRule,
    RemoveSecondFactor,
    RemoveSecurityKey,
    RemoveUser,
    RenamePreset,
    ReplayReports,
    RevokeToken,
    RunnerCommand,
    SavePreset,
    ScalingCommand,
    SendMessage,
    SetPassword,
    SetRule,
    SetSecondFactor,
    SettleDeadLetter,
    StartOperation,
    StopOperation,
    TryRule,
    UseCode,
    UseSecurityKey,
)
from taskmanager.model.access import Principal, Right
from taskmanager.model.reasons import Reason
from taskmanager_gateway.access.plugin_scope import allow, allow_all, allow_right, forbidden, reaches
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.commands.permissions import Permissions
from taskmanager_gateway.http.problems import (
    KEY_REUSED,
    NOT_POSSIBLE,
    UNKNOWN_DEAD_LETTER,
    UNKNOWN_JOB,
    UNKNOWN_NOTE,
    UNKNOWN_OPERATION,
    UNKNOWN_PLACE,
    UNKNOWN_PLUGIN,
    UNKNOWN_PRESET,
    UNKNOWN_REPORT,
    UNKNOWN_RULE,
    UNKNOWN_RUNNER,
    UNKNOWN_TOKEN,
    UNKNOWN_USER,
    ProblemError,
    ProblemKind,
)

OrderT_contra = TypeVar("OrderT_contra", contravariant=True)
PermissionCheck = Callable[[Permissions, Any, Principal], Awaitable[None]]
PluginLookup = Callable[[Permissions, Any, Principal], Awaitable[str | None]]


def _cannot(order: Any, why: Reason) -> ProblemError:
    return ProblemError(NOT_POSSIBLE, problems.cannot(order.action, why))


async def _of_no_plugin(permissions: Permissions, order: Any, who: Principal) -> str | None:
    del permissions, order, who
    return None


@dataclass(frozen=True, slots=True)
class OrderRules(Generic[OrderT_contra]):
    """Rules for one kind of order.

    `plugin` looks up the plugin whose partition carries out the order; None stands for the home.
    `check` raises ProblemError (403, or 404 for what is out of reach) if the caller may not give it.
    `unknown` makes the error (404) for a target that does not exist, `refused` the error (409) for an order
    that cannot be carried out.
    """

    check: PermissionCheck
    unknown: Callable[[OrderT_contra], ProblemError]
    refused: Callable[[OrderT_contra, Reason], ProblemError] = _cannot
    plugin: PluginLookup = _of_no_plugin


def _operate(restricted: PermissionCheck) -> PermissionCheck:
    """A check for operators; those restricted to some plugins have to pass `restricted` as well."""

    async def check(permissions: Permissions, order: Any, who: Principal) -> None:
        allow_right(who, Right.OPERATE)
        if not who.unrestricted:
            await restricted(permissions, order, who)

    return check


def _administer(own: str | None = None) -> PermissionCheck:
    """A check for admins of all plugins; also admits the user named in the order's field `own`, if given."""

    async def check(permissions: Permissions, order: Any, who: Principal) -> None:
        del permissions
        if own is not None and getattr(order, own) == who.name:
            return
        allow_right(who, Right.ADMIN)
        if not who.unrestricted:
            raise forbidden(access.ALL_USERS, who)

    return check


class _OwnOrder(Protocol):
    @property
    def name(self) -> str: ...


class _PresetOrder(Protocol):
    @property
    def plugin(self) -> str: ...

    @property
    def owner(self) -> str | None: ...


async def _oneself(permissions: Permissions, order: _OwnOrder, who: Principal) -> None:
    """Only the users themselves may handle what proves their identity."""
    del permissions
    if order.name != who.name:
        raise forbidden(access.OTHERS_FACTOR, who)


async def _preset(permissions: Permissions, order: _PresetOrder, who: Principal) -> None:
    """One's own, by whoever may submit; shared ones by operators."""
    del permissions
    allow_right(who, Right.SUBMIT)
    allow(who, order.plugin)
    if order.owner is None and not who.may(Right.OPERATE):
        raise forbidden(access.SHARED_PRESETS, who)
    if order.owner not in {None, who.name}:
        raise forbidden(access.OTHERS_PRESET, who)


async def _job(permissions: Permissions, order: JobCommand | SendMessage, who: Principal) -> None:
    await permissions.job(order.job, who)


async def _plugin(permissions: Permissions, order: PluginCommand, who: Principal) -> None:
    del permissions
    allow(who, order.plugin)


async def _scaling(permissions: Permissions, order: ScalingCommand, who: Principal) -> None:
    del permissions
    allow_right(who, Right.SCALE)
    allow(who, order.plugin)


async def _runner(permissions: Permissions, order: RunnerCommand, who: Principal) -> None:
    await permissions.runner(order.runner, who)


async def _start(permissions: Permissions, order: StartOperation, who: Principal) -> None:
    del permissions
    if not reaches(who, order.filter):
        allow_all(who, access.THE_OPERATION())


async def _stop(permissions: Permissions, order: StopOperation, who: Principal) -> None:
    await permissions.operation(order.operation, who)


async def _replay(permissions: Permissions, order: ReplayReports, who: Principal) -> None:
    if order.report is None:
        allow_all(who, access.REPLAY_OF_ALL())
    else:
        await permissions.report(order.report, who)


async def _plugin_of_job(
    permissions: Permissions, order: JobCommand | SendMessage, who: Principal
) -> str | None:
    return await permissions.plugin_of_job(order.job, who)


async def _plugin_named(
    permissions: Permissions, order: PluginCommand | ScalingCommand, who: Principal
) -> str | None:
    del permissions, who
    return order.plugin


async def _plugin_of_runner(permissions: Permissions, order: RunnerCommand, who: Principal) -> str | None:
    del who
    return await permissions.plugin_of_runner(order.runner)


async def _plugin_of_filter(permissions: Permissions, order: StartOperation, who: Principal) -> str | None:
    del permissions, who
    return order.filter.plugin


async def _plugin_of_operation(permissions: Permissions, order: StopOperation, who: Principal) -> str | None:
    del who
    return await permissions.plugin_of_operation(order.operation)


async def _rules(permissions: Permissions, order: object, who: Principal) -> None:
    """Which plugins a rule is about is checked by `notifications.service`, which alone gives these orders."""
    del permissions, order
    allow_right(who, Right.NOTIFY)


async def _notes(permissions: Permissions, order: object, who: Principal) -> None:
    """What a note is on is checked by `notes.service`, which alone gives these orders."""
    del permissions, order
    allow_right(who, Right.OPERATE)


def _no_job(order: JobCommand | SendMessage) -> ProblemError:
    return ProblemError(UNKNOWN_JOB, problems.NO_JOB(job=order.job))


def _no_operation(order: StartOperation | StopOperation) -> ProblemError:
    return ProblemError(UNKNOWN_OPERATION, problems.NO_OPERATION(operation=order.operation[:80]))


def _none(kind: ProblemKind, told: Reason) -> Callable[[object], ProblemError]:
    return lambda _: ProblemError(kind, told)


def _job_cannot(order: JobCommand, why: Reason) -> ProblemError:
    return ProblemError(NOT_POSSIBLE, problems.cannot(order.action, why), job=order.job)


_NO_USER = _none(UNKNOWN_USER, problems.NO_USER())
_NO_PRESET = _none(UNKNOWN_PRESET, problems.NO_PRESET())
_NO_TOKEN = _none(UNKNOWN_TOKEN, problems.NO_TOKEN())

ORDERS: Mapping[type, OrderRules[Any]] = {
    JobCommand: OrderRules(_operate(_job), _no_job, _job_cannot, _plugin_of_job),
    PluginCommand: OrderRules(
        _operate(_plugin),
        lambda order: ProblemError(UNKNOWN_PLUGIN, problems.NO_PLUGIN(plugin=order.plugin)),
        plugin=_plugin_named,
    ),
    RunnerCommand: OrderRules(
        _operate(_runner),
        lambda order: ProblemError(UNKNOWN_RUNNER, problems.NO_RUNNER(runner=order.runner[:80])),
        plugin=_plugin_of_runner,
    ),
    ScalingCommand: OrderRules(
        _scaling,
        lambda order: ProblemError(UNKNOWN_PLACE, problems.NO_PLACE(plugin=order.plugin, place=order.place)),
        plugin=_plugin_named,
    ),
    StartOperation: OrderRules(
        _operate(_start),
        _no_operation,
        lambda order, why: ProblemError(
            KEY_REUSED, problems.CANNOT_START(refusal=why), operation=order.operation
        ),
        _plugin_of_filter,
    ),
    StopOperation: OrderRules(
        _operate(_stop),
        _no_operation,
        lambda order, why: ProblemError(
            NOT_POSSIBLE, problems.CANNOT_STOP(refusal=why), operation=order.operation
        ),
        _plugin_of_operation,
    ),
    SendMessage: OrderRules(
        _operate(_job),
        _no_job,
        lambda order, why: ProblemError(NOT_POSSIBLE, problems.CANNOT_SEND(refusal=why), job=order.job),
        _plugin_of_job,
    ),
    ReplayReports: OrderRules(_operate(_replay), _none(UNKNOWN_REPORT, problems.NO_REPORT())),
    SettleDeadLetter: OrderRules(_administer(), _none(UNKNOWN_DEAD_LETTER, problems.NO_DEAD_LETTER())),
    SetRule: OrderRules(_rules, _none(UNKNOWN_RULE, problems.NO_RULE())),
    RemoveRule: OrderRules(_rules, _none(UNKNOWN_RULE, problems.NO_RULE())),
    TryRule: OrderRules(_rules, _none(UNKNOWN_RULE, problems.NO_RULE())),
    AddNote: OrderRules(_notes, _none(UNKNOWN_NOTE, problems.NO_NOTE())),
    RemoveNote: OrderRules(_notes, _none(UNKNOWN_NOTE, problems.NO_NOTE())),
    AddUser: OrderRules(_administer(), _NO_USER),
    ChangeUser: OrderRules(_administer(), _NO_USER),
    SetPassword: OrderRules(_administer(own="name"), _NO_USER),
    EndSessions: OrderRules(_administer(own="name"), _NO_USER),
    RemoveUser: OrderRules(_administer(), _NO_USER),
    AddToken: OrderRules(_administer(), _NO_TOKEN),
    RevokeToken: OrderRules(_administer(), _NO_TOKEN),
    EndSession: OrderRules(_administer(own="user"), _NO_USER),
    SetSecondFactor: OrderRules(_oneself, _NO_USER),
    RemoveSecondFactor: OrderRules(_administer(own="name"), _NO_USER),
    RemoveDevice: OrderRules(_oneself, _NO_USER),
    UseCode: OrderRules(_oneself, _NO_USER),
    AddSecurityKey: OrderRules(_oneself, _NO_USER),
    RemoveSecurityKey: OrderRules(_oneself, _NO_USER),
    UseSecurityKey: OrderRules(_oneself, _NO_USER),
    SavePreset: OrderRules(_preset, _NO_PRESET),
    RenamePreset: OrderRules(_preset, _NO_PRESET),
    RemovePreset: OrderRules(_preset, _NO_PRESET),
}


def rules_of(order: Order) -> OrderRules[Any]:
    """The rules for this kind of order."""
    return ORDERS[type(order)]

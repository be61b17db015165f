"""Adds a user for a person the provider knows, or updates their role to what the provider says."""

from taskmanager.messages import AddUser, ChangeUser
from taskmanager.model.access import Principal, Right, User
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager_gateway.access.directory import Directory
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.accounts.oidc.identity import ProviderIdentity
from taskmanager_gateway.accounts.oidc.refusals import OidcError
from taskmanager_gateway.commands.service import Author, CommandPending, CommandService
from taskmanager_gateway.http.problems import BROKER_UNAVAILABLE, NOT_POSSIBLE, UNKNOWN_USER, ProblemError

REASON = "OpenID Connect"
ROUNDS = 3
"""Rounds, since two first log-ins may run at the same time: the second finds the user the first added."""


class UserProvisioning:
    """Adds and updates users; every call may raise StoreUnavailableError."""

    def __init__(self, log_in: LogInService, commanding: CommandService, directory: Directory) -> None:
        """The scheduler and the broker are needed only if something has to change."""
        self._log_in, self._commanding, self._directory = log_in, commanding, directory

    async def enter(self, identity: ProviderIdentity) -> User:
        """The user as stored; raises OidcError if they are not let in."""
        for _ in range(ROUNDS):
            user = await self._log_in.user(identity.name)
            if user is not None:
                _check(user)
            order = _order(identity, user)
            if order is None and user is not None:
                return user
            if order is not None:
                await self._change(order)
        raise OidcError(
            OidcRefusal.CHANGED_MEANWHILE, "somebody else changes the user at the same time", identity.name
        )

    async def _change(self, order: AddUser | ChangeUser) -> None:
        try:
            result = await self._commanding.command(order, _author(order.name))
        except ProblemError as error:
            if error.problem.kind is BROKER_UNAVAILABLE:
                raise OidcError(OidcRefusal.BROKER_AWAY, error.problem.detail, order.name) from error
            if error.problem.kind not in {NOT_POSSIBLE, UNKNOWN_USER}:
                raise
            if isinstance(order, ChangeUser) and error.problem.kind is NOT_POSSIBLE:
                raise OidcError(OidcRefusal.LAST_ADMIN, error.problem.detail, order.name) from error
        else:
            if isinstance(result, CommandPending):
                raise OidcError(OidcRefusal.NOT_DONE_YET, "the scheduler has not done it yet", order.name)
        self._directory.forget()


def _check(user: User) -> None:
    """Raise OidcError for a user who is not let in, whatever the provider says."""
    if user.disabled is not None:
        raise OidcError(OidcRefusal.DISABLED, f"{user.name} is disabled", user.name)
    if user.password_hash is not None:
        raise OidcError(OidcRefusal.LOCAL_USER, f"{user.name} is a user with a password", user.name)


def _order(identity: ProviderIdentity, user: User | None) -> AddUser | ChangeUser | None:
    """The order that makes the user match what the provider says; None: nothing has to change."""
    if user is None:
        return AddUser(name=identity.name, role=identity.role, plugins=identity.plugins)
    role = identity.role if identity.role is not user.role else None
    others = identity.plugins_told and identity.plugins != user.plugins
    if role is None and not others:
        return None
    plugins = ("all" if identity.plugins is None else identity.plugins) if others else None
    return ChangeUser(name=user.name, role=role, plugins=plugins)


def _author(name: str) -> Author:
    """The author as the audit shows it: no user name contains a colon."""
    return Author(Principal(f"oidc:{name}", frozenset({Right.ADMIN})), REASON)

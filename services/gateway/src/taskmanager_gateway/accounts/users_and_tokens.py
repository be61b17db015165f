"""Users and tokens for admins: the use cases behind the API and the pages. Secrets are hashed here."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import uuid_utils

from taskmanager.accounts.passwords import one_time_password
from taskmanager.messages import (
    AddToken,
    AddUser,
    ChangeUser,
    EndSessions,
    RemoveSecondFactor,
    RemoveUser,
    RevokeToken,
    SetPassword,
)
from taskmanager.model.access import Principal, Right, Role, Token, User
from taskmanager.ports.readers import AccessReader
from taskmanager_gateway.access.directory import secret_hash
from taskmanager_gateway.access.plugin_scope import allow_all, allow_right
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_TOKEN, UNKNOWN_USER, ProblemError

TOKEN_PREFIX = "tm_"  # noqa: S105 - the prefix of tokens, by which leaked ones can be found
TOKEN_BYTES = 32

AccountResult = CommandDone | CommandPending


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that has been requested; its secret is known only now."""

    result: AccountResult
    id: str
    secret: str


class Accounts:
    """Manages users and tokens; every method may raise ProblemError and StoreUnavailableError."""

    def __init__(self, reader: AccessReader, commanding: CommandService, log_in: LogInService) -> None:
        """`log_in` hashes passwords."""
        self._reader, self._commanding, self._log_in = reader, commanding, log_in

    async def users(self, who: Principal) -> Sequence[User]:
        """All users by name."""
        _check_admin(who)
        return await from_store(self._reader.users())

    async def user(self, name: str, who: Principal) -> User:
        """One user; raises ProblemError (404) if there is none of that name."""
        _check_admin(who)
        found = await self._log_in.user(name)
        if found is None:
            raise ProblemError(UNKNOWN_USER, problems.NO_USER(name=name[:80]))
        return found

    async def add_user(
        self, author: Author, name: str, role: Role, plugins: tuple[str, ...] | None
    ) -> tuple[AccountResult, str]:
        """Add a user; returns the one-time password to hand over as well."""
        password = one_time_password()
        hashed = await self._log_in.hashed(password)
        order = AddUser(name=name, role=role, plugins=plugins, password_hash=hashed, one_time=True)
        return await self._commanding.command(order, author), password

    async def change_user(self, author: Author, order: ChangeUser) -> AccountResult:
        """Change the role or the plugins, or disable the user or enable them again."""
        return await self._commanding.command(order, author)

    async def set_password(
        self, author: Author, name: str, password: str | None
    ) -> tuple[AccountResult, str | None]:
        """Set the given one-time password, or a new one, which is returned; ends all sessions of the user."""
        if password is not None:
            await self._log_in.check_new(password, name)
        chosen = password or one_time_password()
        hashed = await self._log_in.hashed(chosen)
        order = SetPassword(name=name, password_hash=hashed, one_time=True)
        return await self._commanding.command(order, author), None if password else chosen

    async def end_sessions(self, author: Author, name: str) -> AccountResult:
        """Log the user out everywhere."""
        return await self._commanding.command(EndSessions(name=name), author)

    async def remove_second_factor(self, author: Author, name: str) -> AccountResult:
        """For somebody who lost their device: the password alone is enough to log in again."""
        return await self._commanding.command(RemoveSecondFactor(name=name), author)

    async def remove_user(self, author: Author, name: str) -> AccountResult:
        """Remove the user."""
        return await self._commanding.command(RemoveUser(name=name), author)

    async def tokens(self, who: Principal) -> Sequence[Token]:
        """All tokens, the newest first."""
        _check_admin(who)
        return await from_store(self._reader.tokens())

    async def token(self, token_id: str, who: Principal) -> Token:
        """One token; raises ProblemError (404) if there is none with that id."""
        found = next((token for token in await self.tokens(who) if token.id == token_id), None)
        if found is None:
            raise ProblemError(UNKNOWN_TOKEN, problems.NO_TOKEN(token=token_id[:80]))
        return found

    async def add_token(
        self,
        author: Author,
        name: str,
        scopes: tuple[Right, ...],
        plugins: tuple[str, ...] | None,
        expires: datetime | None,
    ) -> NewToken:
        """Add a token."""
        identifier, secret = str(uuid_utils.uuid7()), TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        order = AddToken(
            id=identifier,
            name=name,
            secret_hash=secret_hash(secret),
            scopes=scopes,
            plugins=plugins,
            expires=expires,
        )
        return NewToken(await self._commanding.command(order, author), identifier, secret)

    async def revoke_token(self, author: Author, token_id: str) -> AccountResult:
        """Revoke the token: it is no longer valid."""
        return await self._commanding.command(RevokeToken(token=token_id), author)


def _check_admin(who: Principal) -> None:
    allow_right(who, Right.ADMIN)
    allow_all(who, access.LIST_OF_USERS())

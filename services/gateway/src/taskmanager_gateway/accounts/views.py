"""Users and tokens as the API shows them; no view is built from anything that holds a hash."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from taskmanager.model.access import PasswordState, Principal, Right, Role, Token, User
from taskmanager.model.jobs import Attribution, Record
from taskmanager_gateway.accounts.session_list.browsers import browser_of, system_of
from taskmanager_gateway.accounts.session_list.own_sessions import OwnSession
from taskmanager_gateway.http.views import API


class AccountCommandView(Record):
    """The result of a command about users, tokens and log-ins."""

    command: str = Field(description="Id of the command in the audit log.")
    outcome: Literal["done", "unchanged", "pending"] = Field(
        description="`pending` (202): stored and will be carried out; do not repeat it."
    )


class MeView(Record):
    """The caller. `plugins` null: all of them."""

    name: str
    rights: list[Right]
    plugins: list[str] | None
    log_in_ends: datetime | None = Field(description="When the log-in ends; null for tokens.")
    csrf: str | None = Field(description="Send as `X-CSRF-Token` with every change; null without a log-in.")

    @classmethod
    def of(cls, who: Principal, ends: datetime | None, csrf: str | None) -> "MeView":
        """The public form."""
        plugins = None if who.plugins is None else sorted(who.plugins)
        return cls(name=who.name, rights=sorted(who.rights), plugins=plugins, log_in_ends=ends, csrf=csrf)


class UserView(Record):
    """A user. `plugins` null: all of them. `password`: `set`, `one-time`, or `none` (identity provider).

    `second_factor`: whether a code or a security key is required after the password.
    """

    name: str
    role: Role
    plugins: tuple[str, ...] | None
    password: PasswordState
    second_factor: bool
    disabled: Attribution | None
    created: Attribution
    links: dict[str, str]

    @classmethod
    def of(cls, user: User) -> "UserView":
        """The public form."""
        return cls(
            name=user.name,
            role=user.role,
            plugins=user.plugins,
            password=user.password,
            second_factor=user.second_factor is not None,
            disabled=user.disabled,
            created=user.created,
            links={"self": f"{API}/users/{user.name}"},
        )


class UserListView(Record):
    """All users by name."""

    users: list[UserView]


class UserCommandView(AccountCommandView):
    """The result of a command for a user; `user` is null if it cannot be read at present or was removed."""

    user: UserView | None
    one_time_password: str | None = Field(
        default=None,
        description="To be handed to the user; shown only once, and only valid for choosing another one.",
    )


class SessionView(Record):
    """A log-in. `browser` and `system` are taken from the browser's User-Agent; null if not recognised."""

    id: str
    begun: datetime
    last_used: datetime = Field(description="Accurate to five minutes.")
    address: str
    browser: str | None
    system: str | None
    current: bool = Field(description="Whether this log-in made the request.")
    links: dict[str, str]

    @classmethod
    def of(cls, session: OwnSession, list_address: str) -> "SessionView":
        """The public form."""
        known = session.known
        return cls(
            id=known.id,
            begun=known.begun,
            last_used=known.last_used,
            address=known.address,
            browser=browser_of(known.browser),
            system=system_of(known.browser),
            current=session.current,
            links={"self": f"{list_address}/{known.id}"},
        )


class SessionListView(Record):
    """Log-ins that are still valid; one that has expired through inactivity may be listed for some time."""

    sessions: list[SessionView]


class SessionCommandView(AccountCommandView):
    """The result of the command to end a log-in."""

    id: str


class TokenView(Record):
    """A token without its secret. `plugins` null: all of them; `last_used` to the minute."""

    id: str
    name: str
    scopes: tuple[Right, ...]
    plugins: tuple[str, ...] | None
    created: Attribution
    expires: datetime | None
    revoked: Attribution | None
    last_used: datetime | None
    usable: bool
    links: dict[str, str]

    @classmethod
    def of(cls, token: Token, now: datetime) -> "TokenView":
        """The public form."""
        fields = token.model_dump(exclude={"secret_hash", "created", "revoked"})
        return cls(
            **fields,
            created=token.created,
            revoked=token.revoked,
            usable=token.usable(now),
            links={"self": f"{API}/tokens/{token.id}"},
        )


class TokenListView(Record):
    """All tokens, the newest first."""

    tokens: list[TokenView]


class TokenCommandView(AccountCommandView):
    """The result of a command for a token; `token` is null if it cannot be read at present."""

    id: str
    token: TokenView | None
    secret: str | None = Field(default=None, description="Secret of a new token; shown only once.")

"""Who may do what: users and tokens, their rights, and the plugins these apply to.

Pure rules that know nothing of requests, passwords or storage.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from taskmanager.model.jobs import Attribution, PluginName, Record, ShortText
from taskmanager.model.security_keys import SecurityKey

UserName = Annotated[str, StringConstraints(pattern=r"^[\w.@+-]+$", max_length=80)]
"""Letters of any script, digits and . @ + - _, because names appear in URLs and in the audit.

The length is not part of the pattern: counting letters of any script costs every process 7 MB.
"""
TokenName = Annotated[str, StringConstraints(min_length=1, max_length=80)]


def user_key(name: str) -> str:
    """The form in which user names are compared: two names must differ by more than case."""
    return unicodedata.normalize("NFKC", name).casefold()


class Right(StrEnum):
    """What a user or token may do. No right includes another: a role or a token lists all it has."""

    READ = "read"
    SUBMIT = "submit"
    OPERATE = "operate"
    """Commands for jobs, plugins, runners and reports."""
    SCALE = "scale"
    """How many runners there are."""
    NOTIFY = "notify"
    """Rules of notifications."""
    ADMIN = "admin"
    """Users, tokens and dead letters."""


class Role(StrEnum):
    """The role of a user."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        """The rights that come with the role."""
        return _RIGHTS[self]


_RIGHTS = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.SUBMIT, Right.OPERATE, Right.SCALE}),
    Role.ADMIN: frozenset(Right),
}


class PasswordState(StrEnum):
    """Whether the password can be used as it is."""

    SET = "set"
    ONE_TIME = "one-time"
    """Valid only for choosing a new password."""
    NONE = "none"
    """The user logs in at the organisation's identity provider."""


class SecondFactor(Record):
    """What is required after the password, as stored: codes from a device (TOTP, RFC 6238) or security keys.

    Any one of them lets the user in, and so does each recovery code, once.
    """

    sealed: ShortText | None = None
    """The secret shared by device and gateways, encrypted with a key that is kept in another database.

    None: there is no device.
    """
    since: datetime
    device_since: datetime | None = None
    """When the device was set up; None: at `since`."""
    step: int = 0
    """The last time step whose code was used, or an earlier one: codes up to this step are rejected."""
    recovery: tuple[ShortText, ...] = ()
    """SHA-256 of the unused recovery codes; each has 125 random bits."""
    keys: tuple[SecurityKey, ...] = ()
    challenges: Mapping[str, datetime] = Field(default_factory=dict)
    """SHA-256 of the challenges that keys have signed -> when each of them expires."""

    @property
    def left(self) -> "SecondFactor | None":
        """This second factor; None if it has neither a device nor a key."""
        return self if self.sealed is not None or self.keys else None

    def key(self, key_id: str) -> SecurityKey | None:
        """The key with that id."""
        return next((key for key in self.keys if key.id == key_id), None)


class User(Record):
    """A user as stored. `plugins` is None for all plugins."""

    name: UserName
    role: Role
    plugins: tuple[PluginName, ...] | None = None
    password_hash: str | None = None
    """argon2id in its standard text form (RFC 9106)."""
    one_time: bool = False
    second_factor: SecondFactor | None = None
    disabled: Attribution | None = None
    sessions_from: datetime
    """Earlier sessions are invalid; set by a new password, "log out everywhere" and disabling the user.

    By the database's clock: a session begins at this moment or at the gateway's time, whichever is later.
    """
    created: Attribution
    rev: int = 0

    @property
    def password(self) -> PasswordState:
        """What the password can be used for at log-in."""
        if self.password_hash is None:
            return PasswordState.NONE
        return PasswordState.ONE_TIME if self.one_time else PasswordState.SET

    @property
    def has_device(self) -> bool:
        """Whether a device shows codes that are a second factor."""
        return self.second_factor is not None and self.second_factor.sealed is not None

    @property
    def security_keys(self) -> tuple[SecurityKey, ...]:
        """The security keys that are a second factor."""
        return self.second_factor.keys if self.second_factor is not None else ()


class Token(Record):
    """What a program presents instead of a password, as stored. `plugins` is None for all plugins.

    The secret has 256 random bits, so storing its SHA-256 is enough.
    """

    id: str
    name: TokenName
    secret_hash: str
    scopes: Annotated[tuple[Right, ...], Field(min_length=1)]
    plugins: tuple[PluginName, ...] | None = None
    created: Attribution
    expires: datetime | None = None
    revoked: Attribution | None = None
    last_used: datetime | None = None
    """Accurate to the minute."""

    def usable(self, now: datetime) -> bool:
        """Whether the token is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class KnownSession(Record):
    """A session that has been used, as stored for the list of a user's log-ins; it proves nothing."""

    id: str
    user: str
    """The `user_key` of the user."""
    begun: datetime
    last_used: datetime
    """Accurate to five minutes."""
    ends: datetime
    """The latest moment at which the session can still be valid unless it is used again."""
    address: str
    """The address of the last request that used it."""
    browser: str
    """The browser's `User-Agent`."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller. `plugins` is None for all plugins."""

    name: str
    rights: frozenset[Right]
    plugins: frozenset[str] | None = None

    def may(self, right: Right, plugin: str | None = None) -> bool:
        """Whether the caller has the right for the plugin; without a plugin, whether it has it at all."""
        return right in self.rights and (plugin is None or self.sees(plugin))

    def sees(self, plugin: str) -> bool:
        """Whether the caller may see the plugin."""
        return self.plugins is None or plugin in self.plugins

    @property
    def unrestricted(self) -> bool:
        """Whether the caller may see everything; required for what concerns all plugins at once."""
        return self.plugins is None


def principal_of_user(user: User) -> Principal:
    """What the user may do now; nothing while disabled or before a one-time password is changed."""
    barred = user.disabled is not None or user.one_time
    return Principal(user.name, frozenset() if barred else user.role.rights, _reach(user.plugins))


def principal_of_token(token: Token) -> Principal:
    """What a program with a usable token may do. It goes by the token's name, as in the audit."""
    return Principal(f"token:{token.name}", frozenset(token.scopes), _reach(token.plugins))


NOBODY = Principal("anonymous", frozenset())
"""A caller without credentials."""


def everybody(name: str = "anonymous") -> Principal:
    """The caller where log-in is switched off: may do everything, under any name it gives."""
    return Principal(name, frozenset(Right))


def _reach(plugins: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if plugins is None else frozenset(plugins)

"""Who may do what: people and programs, their rights, and the plugins these reach.

Pure rules; knows no request, no password and no store.
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
"""Letters of any script, digits and . @ + - _: it stands in addresses and in the audit.

The length stands outside the pattern: letters of any script, counted, cost every process 7 MB.
"""
TokenName = Annotated[str, StringConstraints(min_length=1, max_length=80)]


def user_key(name: str) -> str:
    """What two spellings of one user's name have in common: names differ by more than case."""
    return unicodedata.normalize("NFKC", name).casefold()


class Right(StrEnum):
    """What somebody may do. None of them includes another: a role or a token lists all it has."""

    READ = "read"
    SUBMIT = "submit"
    OPERATE = "operate"
    """Commands for jobs, plugins, runners and reports."""
    ADMIN = "admin"
    """Users and tokens."""


class Role(StrEnum):
    """What a person is here for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        """What comes with the role."""
        return _RIGHTS[self]


_RIGHTS = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.SUBMIT, Right.OPERATE}),
    Role.ADMIN: frozenset(Right),
}


class PasswordState(StrEnum):
    """Whether the password may be used as it is."""

    SET = "set"
    ONE_TIME = "one-time"
    """Good for choosing another one and nothing else."""
    NONE = "none"
    """Logs in at the organisation's identity provider."""


class SecondFactor(Record):
    """What is asked for after the password, as stored: codes of a device (TOTP, RFC 6238), keys, or either.

    Without both there is no second factor. Recovery codes stand in for them.
    """

    sealed: ShortText | None = None
    """The secret of device and gateways, encrypted by these with a key that lies in another database.

    None: no device shows codes.
    """
    since: datetime
    device_since: datetime | None = None
    """None: as long as there is a second factor."""
    step: int = 0
    """The last time step whose code was used, or an earlier one: none up to it counts again."""
    recovery: tuple[ShortText, ...] = ()
    """SHA-256 of the recovery codes that are left; each has 125 random bits."""
    keys: tuple[SecurityKey, ...] = ()
    challenges: Mapping[str, datetime] = Field(default_factory=dict)
    """SHA-256 of the challenges that keys have answered, until these end by themselves."""

    @property
    def left(self) -> "SecondFactor | None":
        """None once neither a device nor a key is left."""
        return self if self.sealed is not None or self.keys else None

    def key(self, key_id: str) -> SecurityKey | None:
        """The key of that id."""
        return next((key for key in self.keys if key.id == key_id), None)


class User(Record):
    """A person as stored. `plugins` None: all of them."""

    name: UserName
    role: Role
    plugins: tuple[PluginName, ...] | None = None
    password_hash: str | None = None
    """argon2id in its own text form (RFC 9106)."""
    one_time: bool = False
    second_factor: SecondFactor | None = None
    disabled: Attribution | None = None
    sessions_from: datetime
    """Sessions begun before are void: set by a new password, by "log out everywhere", by a disabling.

    By the database's clock: a session begins at the later of this and the gateway's time.
    """
    created: Attribution
    rev: int = 0

    @property
    def password(self) -> PasswordState:
        """What the log-in may do with it."""
        if self.password_hash is None:
            return PasswordState.NONE
        return PasswordState.ONE_TIME if self.one_time else PasswordState.SET


class Token(Record):
    """What a program shows instead of a password, as stored. `plugins` None: all of them.

    The secret has 256 random bits, so its SHA-256 is enough to keep.
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
    """To the minute."""

    def usable(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class KnownSession(Record):
    """A session that was used, as stored for the list of a user's log-ins; it proves nothing."""

    id: str
    user: str
    """Their `user_key`."""
    begun: datetime
    last_used: datetime
    """To five minutes."""
    ends: datetime
    """The latest moment at which it may still be good for something, unless it is used again."""
    address: str
    """Where its last use came from."""
    browser: str
    """What the browser calls itself (`User-Agent`)."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, by proof. `plugins` None: all of them."""

    name: str
    rights: frozenset[Right]
    plugins: frozenset[str] | None = None

    def may(self, right: Right, plugin: str | None = None) -> bool:
        """Whether the right reaches the plugin; without a plugin, whether there is the right at all."""
        return right in self.rights and (plugin is None or self.sees(plugin))

    def sees(self, plugin: str) -> bool:
        """Whether the plugin is within reach."""
        return self.plugins is None or plugin in self.plugins

    @property
    def unrestricted(self) -> bool:
        """Whether nothing is kept from it: what concerns all plugins at once needs this."""
        return self.plugins is None


def principal_of_user(user: User) -> Principal:
    """What the person may do now; nothing at all while disabled or before a one-time password is changed."""
    barred = user.disabled is not None or user.one_time
    return Principal(user.name, frozenset() if barred else user.role.rights, _reach(user.plugins))


def principal_of_token(token: Token) -> Principal:
    """What a program with a usable token may do. It is called by the token's name, as the audit shows it."""
    return Principal(f"token:{token.name}", frozenset(token.scopes), _reach(token.plugins))


NOBODY = Principal("anonymous", frozenset())
"""Who has shown no proof."""


def everybody(name: str = "anonymous") -> Principal:
    """Who asks where log-in is switched off: may do everything, under any name they give."""
    return Principal(name, frozenset(Right))


def _reach(plugins: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if plugins is None else frozenset(plugins)

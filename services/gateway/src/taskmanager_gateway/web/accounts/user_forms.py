"""Users, tokens and log-ins on their pages: rows of the lists, and the forms. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from taskmanager.model.access import KnownSession, Principal, Right, Role, Token, TokenName, User, UserName
from taskmanager.model.jobs import PluginName
from taskmanager.model.queries import PLUGINS_LIMIT
from taskmanager_gateway.accounts.session_list.browsers import browser_of, system_of
from taskmanager_gateway.accounts.session_list.own_sessions import OwnSession
from taskmanager_gateway.http.command_bodies import readable
from taskmanager_gateway.web.shell.forms import ReasonForm

Names = Annotated[list[PluginName], Field(max_length=PLUGINS_LIMIT)]


class UserAct(StrEnum):
    """Actions that need confirmation. The values are used in paths: `/ui/users/{name}/{act}`."""

    PASSWORD = "password"  # noqa: S105 - the name of an action
    LOG_OUT = "log-out"
    DISABLE = "disable"
    ENABLE = "enable"
    SECOND_FACTOR = "second-factor"
    REMOVE = "remove"


class ReachForm(ReasonForm):
    """All plugins, or some of them."""

    reach: Literal["all", "some"]
    plugins: Names = Field(default_factory=list)

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """The chosen plugins; None: all of them."""
        return None if self.reach == "all" else tuple(self.plugins)

    @property
    def nothing(self) -> bool:
        """Whether no plugin was chosen, which is a mistake."""
        return self.reach == "some" and not self.plugins


class UserForm(ReachForm):
    """What a user may do."""

    role: Role


class NewUserForm(UserForm):
    """A new user."""

    name: Annotated[UserName, StringConstraints(strip_whitespace=True)]


class NewTokenForm(ReachForm):
    """What a program may do, and until when: the end of that day in the reader's time zone."""

    name: Annotated[TokenName, StringConstraints(strip_whitespace=True), AfterValidator(readable)]
    scopes: list[Right] = Field(default_factory=list)
    expires: date | None = None

    @field_validator("expires", mode="before")
    @classmethod
    def _nothing_typed(cls, value: object) -> object:
        return value or None

    def ends(self, zone: ZoneInfo) -> datetime | None:
        """The moment from which the token is invalid; None: never."""
        if self.expires is None or self.expires == date.max:
            return None
        return datetime.combine(self.expires + timedelta(days=1), time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class UserLine:
    """One row in the list of users."""

    user: User
    own: bool
    """Whether it is the reader's own."""

    @property
    def acts(self) -> list[UserAct]:
        """The actions offered apart from changing the user."""
        able = UserAct.ENABLE if self.user.disabled else UserAct.DISABLE
        factor = [UserAct.SECOND_FACTOR] if self.user.second_factor is not None else []
        return [UserAct.PASSWORD, UserAct.LOG_OUT, *factor, able, UserAct.REMOVE]


class TokenState(StrEnum):
    """Whether a token is valid."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One row in the list of tokens."""

    token: Token
    state: TokenState


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One row in a list of log-ins. `browser` and `system` are names, None where unknown."""

    session: KnownSession
    current: bool
    browser: str | None
    system: str | None


def session_lines(sessions: Iterable[OwnSession]) -> list[SessionLine]:
    """The rows, in the order of `sessions`."""
    return [_session_line(one) for one in sessions]


def _session_line(one: OwnSession) -> SessionLine:
    agent = one.known.browser
    return SessionLine(one.known, one.current, browser_of(agent), system_of(agent))


def user_lines(users: Iterable[User], who: Principal) -> list[UserLine]:
    """The rows, in the order of the store."""
    return [UserLine(user, user.name == who.name) for user in users]


def token_lines(tokens: Iterable[Token], now: datetime, *, void_too: bool) -> list[TokenLine]:
    """The rows, in the order of the store; without `void_too` only those of valid tokens."""
    lines = [TokenLine(token, _state(token, now)) for token in tokens]
    return [line for line in lines if void_too or line.state is TokenState.VALID]


def _state(token: Token, now: datetime) -> TokenState:
    if token.revoked is not None:
        return TokenState.REVOKED
    return TokenState.VALID if token.usable(now) else TokenState.EXPIRED


def offered_plugins(installed: Sequence[str], chosen: Sequence[str] | None) -> list[str]:
    """The plugins to choose from: the installed ones, and chosen ones that are no longer installed."""
    return sorted({*installed, *(chosen or ())})

"""The bodies of requests about users and tokens."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from taskmanager.model.access import Right, Role, TokenName, UserName
from taskmanager.model.jobs import PluginName
from taskmanager.model.queries import PLUGINS_LIMIT
from taskmanager.process.clock import whole_milliseconds
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.command_bodies import ReasonBody, readable
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem

Plugins = Annotated[tuple[PluginName, ...], Field(max_length=PLUGINS_LIMIT)]
Password = Annotated[str, Field(max_length=1_000)]


class AddUserBody(ReasonBody):
    """A new user. The answer holds a one-time password for them; without `plugins` they reach all plugins."""

    name: UserName
    role: Annotated[Role, Field(strict=False)]
    plugins: Plugins | None = None


class ChangeUserBody(ReasonBody):
    """What is left out stays as it is."""

    role: Annotated[Role, Field(strict=False)] | None = None
    plugins: Literal["all"] | Plugins | None = None
    disabled: bool | None = None


class SetPasswordBody(ReasonBody):
    """The one-time password to set; without it one is generated and returned."""

    password: Password | None = None


class OwnPasswordBody(ReasonBody):
    """The current password, and the new one: at least 15 characters."""

    current: Password
    password: Password


class AddTokenBody(ReasonBody):
    """What a program may do. Without `plugins` it reaches all; without `expires` it lasts until revoked."""

    name: Annotated[TokenName, AfterValidator(readable)]
    scopes: Annotated[
        tuple[Annotated[Right, Field(strict=False)], ...], Field(min_length=1, examples=[["submit", "read"]])
    ]
    plugins: Plugins | None = None
    expires: Annotated[AwareDatetime, Field(strict=False)] | None = None

    def ends(self, now: datetime) -> datetime | None:
        """`expires` as it is stored; raises ProblemError if it is in the past."""
        if self.expires is None:
            return None
        if self.expires <= now:
            raise field_problem(INVALID_REQUEST, [FieldError.of("expires", faults.NOT_FUTURE())])
        return whole_milliseconds(self.expires.astimezone(UTC))

"""The form of a rule. Pure."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import (
    LISTED_MOST,
    ChannelName,
    ClockTime,
    MailAddress,
    Pace,
    RuleTerms,
    ZoneName,
)
from taskmanager_gateway.web.accounts.user_forms import ReachForm

LINES_MOST = LISTED_MOST * 300


def _blank(value: Any) -> Any:
    return None if value == "" else value


def _lines(value: Any) -> Any:
    """One entry a line, or several separated by commas; a browser sends the whole text as one value."""
    text = "\n".join(value) if isinstance(value, list) else value
    return [entry.strip() for entry in text.replace(",", "\n").splitlines() if entry.strip()]


Time = Annotated[ClockTime | None, BeforeValidator(_blank)]


class RuleForm(ReachForm):
    """What a browser sends: a rule, with lists as lines of a text field."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    on: bool = False
    kinds: list[EventKind] = Field(default_factory=list)
    projects: Annotated[list[str], BeforeValidator(_lines)] = Field(default_factory=list)
    channel: ChannelName
    recipients: Annotated[list[MailAddress], BeforeValidator(_lines)] = Field(default_factory=list)
    language: str = "en"
    zone: ZoneName = "UTC"
    pace: Pace = Pace.AT_ONCE
    interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    daily_at: ClockTime
    quiet_from: Time = None
    quiet_to: Time = None
    minutes_waiting: Annotated[int, Field(ge=1, le=100_000)] = 60

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the rule, not yet checked against one another."""
        said = {name: getattr(self, name) for name in RuleTerms.model_fields if name != "plugins"}
        return said | {"plugins": self.chosen}

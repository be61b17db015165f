"""Rules: which events go to which channel, and when. Pure."""

import re
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from taskmanager.model.jobs import Attribution, PluginName, Record, ShortText
from taskmanager.model.notifications.events import CHOSEN, Event, EventKind

LISTED_MOST = 100
"""How many plugins, projects or recipients a rule names."""
RULES_MOST = 100
"""How many rules there may be."""

ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
_MAIL = re.compile(r"[^@\s<>,;:\"()\\]{1,64}@[A-Za-z0-9.-]{1,255}")


def _mail_address(text: str) -> str:
    if _MAIL.fullmatch(text) is None or not text.isprintable():
        raise ValueError(f"{text[:80]!r} is not a mail address such as anna@example.org")
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]
"""The plain form of an address: nothing in it can become a second recipient or a header."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Europe/Berlin") from error
    return name


ZoneName = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_zone)]


def _plain_time(value: Any) -> Any:
    """Seconds are left out: browsers send some, and nobody means them."""
    return value[:5] if isinstance(value, str) else value


ClockTime = Annotated[time, BeforeValidator(_plain_time)]
"""A time of day in the zone of the rule, to the minute."""


class Pace(StrEnum):
    """When what is due is sent."""

    AT_ONCE = "at_once"
    INTERVAL = "interval"
    """Together, at most once in so many minutes."""
    DAILY = "daily"
    """Together, once a day at a time."""


class RuleTerms(Record):
    """What people choose.

    Attributes:
        plugins: only events of these; None: of all, and those of none.
        projects: only events of jobs of these projects; empty: of all, and those of no project.
        minutes_waiting: from when on a queue is too old.
        interval_minutes, daily_at: of the paces that need them.
        quiet_from, quiet_to: between them nothing is sent; what is due waits for the end. Both or none.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    on: bool = True
    kinds: Annotated[tuple[EventKind, ...], Field(min_length=1)]
    plugins: Annotated[tuple[PluginName, ...], Field(max_length=LISTED_MOST)] | None = None
    projects: Annotated[tuple[ShortText, ...], Field(max_length=LISTED_MOST)] = ()
    channel: ChannelName
    recipients: Annotated[tuple[MailAddress, ...], Field(max_length=LISTED_MOST)] = ()
    language: Annotated[str, StringConstraints(pattern="^(en|de)$")] = "en"
    zone: ZoneName = "UTC"
    pace: Pace = Pace.AT_ONCE
    interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    daily_at: ClockTime = time(8, 0)
    quiet_from: ClockTime | None = None
    quiet_to: ClockTime | None = None
    minutes_waiting: Annotated[int, Field(ge=1, le=100_000)] = 60

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(kind not in CHOSEN for kind in self.kinds):
            raise ValueError("a test is asked for with a button, not by a rule")
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet hours need a beginning and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError("quiet hours must not last all day: turn the rule off instead")
        return self


class Rule(RuleTerms):
    """A stored rule."""

    id: RuleId
    changed: Attribution

    @property
    def terms(self) -> RuleTerms:
        """What people chose."""
        return RuleTerms(**{name: getattr(self, name) for name in RuleTerms.model_fields})

    def wants(self, event: Event) -> bool:
        """Whether the event is one for this rule."""
        return (
            self.on
            and event.kind in self.kinds
            and (self.plugins is None or event.plugin in self.plugins)
            and (not self.projects or event.project in self.projects)
            and event.minutes in {None, self.minutes_waiting}
        )

    def due(self, now: datetime) -> datetime:
        """When what is noticed now is to be sent: at the pace of the rule, and never in its quiet hours."""
        zone = ZoneInfo(self.zone)
        match self.pace:
            case Pace.AT_ONCE:
                wanted = now
            case Pace.INTERVAL:
                step = timedelta(minutes=self.interval_minutes).total_seconds()
                wanted = datetime.fromtimestamp((now.timestamp() // step + 1) * step, now.tzinfo)
            case Pace.DAILY:
                wanted = _next(now, self.daily_at, zone)
        if self.quiet_from is None or self.quiet_to is None:
            return wanted
        quiet = self._is_quiet(wanted.astimezone(zone).time())
        return _next(wanted, self.quiet_to, zone) if quiet else wanted

    def _is_quiet(self, moment: time) -> bool:
        """Quiet hours may go over midnight."""
        if self.quiet_from is None or self.quiet_to is None:
            return False
        if self.quiet_from < self.quiet_to:
            return self.quiet_from <= moment < self.quiet_to
        return moment >= self.quiet_from or moment < self.quiet_to


def _next(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The next moment later than `after` at which clocks in the zone show that time."""
    local = after.astimezone(zone)
    wanted = datetime.combine(local.date(), at, zone)
    if wanted.astimezone(after.tzinfo) <= after:
        wanted = datetime.combine(local.date() + timedelta(days=1), at, zone)
    return wanted.astimezone(after.tzinfo)

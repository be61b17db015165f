"""All plugins at a glance, and what needs attention. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Attribution
from taskmanager.model.states import RUNNING, Status, Tab
from taskmanager_gateway.plugins.views import PluginState, PluginView, StopView
from taskmanager_gateway.web.home.chart import Chart, chart
from taskmanager_gateway.web.home.home_summary import HomeSummary

CARDS_MOST = 9
"""More plugins are a table: three rows of cards are still seen at once."""
LATE = timedelta(minutes=15)
"""Restarting a Goobi takes less."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The jobs in error that ended after `since` (None: all), by plugin.

    `counts` is empty if they are not known now.
    """

    since: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HomePlugin:
    """One plugin; `capacity`: how many of its jobs can run at once at present."""

    name: str
    title: str
    state: PluginState
    stop: StopView | None
    refused: Attribution | None
    waiting: int
    held: int
    running: int
    capacity: int
    failed: int | None
    """Jobs in error, since the moment the reader has chosen; None: not known now."""
    oldest: datetime | None
    alive: int
    wanted: int
    """Runners that come by themselves when a job waits."""
    chart: Chart


class AlertKind(StrEnum):
    """What may need attention, the most urgent first."""

    NO_RUNNER_WAITING = "no runner, jobs wait"
    STOPPED_WAITING = "stopped, jobs wait"
    FAILED = "failed"
    DEAD_LETTERS = "dead letters"
    UNDELIVERED = "undelivered"
    LATE = "late"
    REFUSING = "refusing"
    NO_RUNNER = "no runner"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that needs attention; `count` is of jobs, reports or messages."""

    kind: AlertKind
    plugin: str = ""
    title: str = ""
    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """The content of the home page."""

    plugins: Sequence[HomePlugin]
    looks: Sequence[Alert]
    waiting: int
    running: int
    current: bool
    failed_since: datetime | None

    @property
    def few(self) -> bool:
        """Whether the plugins are few enough for cards."""
        return len(self.plugins) <= CARDS_MOST

    @property
    def failed_list(self) -> str:
        """The query string of a list of exactly the jobs that are counted as failed."""
        ended = {"ended_after": self.failed_since.isoformat()} if self.failed_since is not None else {}
        return urlencode({"tab": Tab.ERROR.value, "status": Status.ERROR.value, **ended})


def home(
    plugins: Sequence[PluginView],
    glance: HomeSummary,
    who: Principal,
    now: datetime,
    failed: Failed,
    *,
    dead_letters: int,
) -> Home:
    """The page for this reader."""
    seen = [_plugin(one, glance, now, failed) for one in plugins if who.may(Right.READ, one.manifest.name)]
    seen.sort(key=lambda one: one.title.casefold())
    looks = [look for one in seen for look in _looks(one)]
    if who.unrestricted:
        looks += _reports(glance, now)
    if who.unrestricted and who.may(Right.ADMIN) and dead_letters:
        looks.append(Alert(AlertKind.DEAD_LETTERS, count=dead_letters))
    return Home(
        plugins=seen,
        looks=sorted(looks, key=lambda look: list(AlertKind).index(look.kind)),
        waiting=sum(one.waiting for one in seen),
        running=sum(one.running for one in seen),
        current=glance.current,
        failed_since=failed.since,
    )


def _plugin(one: PluginView, glance: HomeSummary, now: datetime, failed: Failed) -> HomePlugin:
    name = one.manifest.name
    figures = [hour for hour in glance.figures if hour.plugin == name]
    return HomePlugin(
        name=name,
        title=one.manifest.title,
        state=one.state,
        stop=one.stop,
        refused=one.refused,
        waiting=one.statuses[Status.STARTED] + one.statuses[Status.PAUSED],
        held=one.statuses[Status.PAUSED],
        running=sum(one.statuses[status] for status in RUNNING),
        capacity=one.slots if one.limit is None else min(one.slots, one.limit),
        failed=failed.counts.get(name),
        oldest=glance.oldest.get(name),
        alive=one.runners_alive,
        wanted=one.runners_wanted,
        chart=chart(figures, now),
    )


def _looks(one: HomePlugin) -> Iterator[Alert]:
    if not one.alive and (one.waiting or not one.wanted):
        kind = AlertKind.NO_RUNNER_WAITING if one.waiting else AlertKind.NO_RUNNER
        yield Alert(kind, one.name, one.title, one.waiting)
    if one.stop is not None and one.waiting:
        yield Alert(AlertKind.STOPPED_WAITING, one.name, one.title, one.waiting, one.stop.at)
    if one.failed:
        yield Alert(AlertKind.FAILED, one.name, one.title, one.failed)
    if one.refused is not None:
        yield Alert(AlertKind.REFUSING, one.name, one.title, since=one.refused.at)


def _reports(glance: HomeSummary, now: datetime) -> Iterator[Alert]:
    backlog = glance.backlog
    if backlog.given_up:
        yield Alert(AlertKind.UNDELIVERED, count=backlog.given_up)
    if backlog.oldest is not None and now - backlog.oldest > LATE:
        yield Alert(AlertKind.LATE, count=backlog.pending, since=backlog.oldest)

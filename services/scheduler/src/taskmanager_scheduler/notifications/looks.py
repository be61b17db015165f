"""From what is stored to events: what is new since the last look. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.jobs import Attribution, Interruption, Job
from taskmanager.model.notifications.events import Event, EventKind
from taskmanager.model.notifications.watching import Condition, KnownGroup, Watched
from taskmanager.model.operations import Operation
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.reports import Backlog
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.english import english

NO_RUNNER_FOR = timedelta(minutes=2)
"""So long jobs wait without a runner before anybody is told: a runner that is replaced is back by then."""
SILENT_FOR = timedelta(minutes=15)
"""So long a report to Goobi waits before anybody is told."""
AWAY_FOR = timedelta(minutes=2)
"""So long nobody looked before a scheduler is said to have been away."""
STEPS = (1, 10, 100, 1_000, 10_000)
"""At these numbers of jobs a group of errors is told of."""
CHARACTERS = 300
"""Of a message that is quoted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look has read. `groups` are by plugin, of those with jobs that failed since the last look."""

    now: datetime
    plugins: Sequence[InstalledPlugin] = ()
    runners: Sequence[RunnerState] = ()
    statistics: Sequence[TabStatistics] = ()
    oldest: Mapping[str, datetime] = field(default_factory=dict)
    """By plugin: when its longest waiting job was queued."""
    failed: Sequence[Job] = ()
    """In the order of their ends."""
    groups: Mapping[str, Sequence[ErrorGroup]] = field(default_factory=dict)
    operations: Sequence[Operation] = ()
    """In the order of their ends."""
    backlogs: Mapping[str, Backlog] = field(default_factory=dict)
    """By installation of Goobi."""


@dataclass(frozen=True, slots=True)
class _Holds:
    """A condition that holds now: since when at the latest, and what is told once it has held for so long."""

    key: str
    since: datetime
    patience: timedelta
    event: Event


def begin(seen: Seen) -> Watched:
    """What is known from now on: what has been so before is nobody's news."""
    return Watched(
        looked=seen.now,
        failed_at=seen.now,
        operations_at=seen.now,
        stops=tuple(key for key, _ in _stops(seen.plugins)),
        drains=tuple(key for key, _ in _drains(seen.runners)),
        groups=tuple(_known_groups((), seen.groups)),
    )


def look(before: Watched, seen: Seen, minutes: Collection[int]) -> tuple[list[Event], Watched]:
    """The events since the last look, and what is known after this one.

    `minutes` are the ages of queues that rules ask for.
    """
    conditions, told = _conditions(before.conditions, [*_holding(seen, minutes)], seen.now)
    events = [
        *_away(before, seen.now),
        *(_failed(job) for job in seen.failed),
        *_grown(before.groups, seen.groups),
        *(event for key, event in _stops(seen.plugins) if key not in before.stops),
        *(event for key, event in _drains(seen.runners) if key not in before.drains),
        *(_ended(one) for one in seen.operations),
        *told,
    ]
    last = seen.failed[-1] if seen.failed else None
    ends = [one.finished for one in seen.operations if one.finished is not None]
    after = before.model_copy(
        update={
            "looked": seen.now,
            "failed_at": last.finished if last is not None else before.failed_at,
            "failed_id": last.id if last is not None else before.failed_id,
            "operations_at": max(ends, default=before.operations_at),
            "stops": tuple(key for key, _ in _stops(seen.plugins)),
            "drains": tuple(key for key, _ in _drains(seen.runners)),
            "groups": tuple(_known_groups(before.groups, seen.groups)),
            "conditions": conditions,
            "rev": before.rev + 1,
        }
    )
    return events, after


def _away(before: Watched, now: datetime) -> Iterator[Event]:
    if now - before.looked > AWAY_FOR:
        facts = {"since": f"{before.looked:%Y-%m-%d %H:%M} UTC", "until": f"{now:%Y-%m-%d %H:%M} UTC"}
        key = f"away {before.looked.isoformat()}"
        yield Event(id=key, kind=EventKind.SCHEDULER_AWAY, at=now, facts=facts)


def _failed(job: Job) -> Event:
    ended = job.finished or job.created
    message = job.error.message if job.error is not None else ""
    return Event(
        id=f"failed {job.id} {job.attempt} {ended.isoformat()}",
        kind=EventKind.JOB_FAILED,
        at=ended,
        plugin=job.plugin,
        project=job.spec.project,
        path=f"/jobs/{job.id}",
        facts={"title": job.spec.title or job.id, "error": message[:CHARACTERS]},
    )


def _level(jobs: int) -> int:
    return max(step for step in STEPS if step <= jobs)


def _grown(known: Iterable[KnownGroup], groups: Mapping[str, Sequence[ErrorGroup]]) -> Iterator[Event]:
    """A group is told once at each number of jobs, for each plugin."""
    told = {one.group: one.told for one in known}
    for plugin, found in groups.items():
        for one in found:
            key, level = f"{plugin} {one.group}", _level(one.jobs)
            if level > told.get(key, 0):
                yield Event(
                    id=f"group {key} {level} {one.first.isoformat()}",
                    kind=EventKind.ERROR_GROUP,
                    at=one.last,
                    plugin=plugin,
                    path=f"/errors?plugin={plugin}",
                    facts={
                        "plugins": plugin,
                        "jobs": str(one.jobs),
                        "error": one.error.message[:CHARACTERS],
                    },
                )


def _known_groups(
    known: Iterable[KnownGroup], groups: Mapping[str, Sequence[ErrorGroup]]
) -> Iterator[KnownGroup]:
    """Those of plugins that were not looked at, and the groups there are of those that were."""
    told = {one.group: one.told for one in known}
    for key, number in told.items():
        if key.partition(" ")[0] not in groups:
            yield KnownGroup(group=key, told=number)
    for plugin, found in groups.items():
        for one in found:
            key = f"{plugin} {one.group}"
            yield KnownGroup(group=key, told=max(_level(one.jobs), told.get(key, 0)))


def _reason(one: Attribution) -> str:
    if isinstance(one, Interruption):
        return english(one.told)[:CHARACTERS] if one.told is not None else ""
    return one.reason[:CHARACTERS]


def _stops(plugins: Iterable[InstalledPlugin]) -> Iterator[tuple[str, Event]]:
    for one in plugins:
        if one.stop is not None:
            key = f"{one.name} {one.stop.at.isoformat()}"
            yield (
                key,
                Event(
                    id=f"stopped {key}",
                    kind=EventKind.PLUGIN_STOPPED,
                    at=one.stop.at,
                    plugin=one.name,
                    path=f"/plugins/{one.name}",
                    facts={"by": one.stop.by, "reason": _reason(one.stop)},
                ),
            )


def _drains(runners: Iterable[RunnerState]) -> Iterator[tuple[str, Event]]:
    for one in runners:
        if one.drain is not None:
            key = f"{one.id} {one.drain.at.isoformat()}"
            facts = {"runner": one.id, "by": one.drain.by, "reason": _reason(one.drain)}
            yield (
                key,
                Event(
                    id=f"drained {key}",
                    kind=EventKind.RUNNER_DRAINED,
                    at=one.drain.at,
                    plugin=one.plugin,
                    path="/runners",
                    facts=facts,
                ),
            )


def _ended(one: Operation) -> Event:
    return Event(
        id=f"operation {one.id}",
        kind=EventKind.OPERATION_ENDED,
        at=one.finished or one.asked.at,
        plugin=one.filter.plugin,
        path=f"/operations/{one.id}",
        facts={
            "by": one.asked.by,
            "action": one.action.value,
            "done": str(one.done),
            "failed": str(one.refused),
        },
    )


def _holding(seen: Seen, minutes: Collection[int]) -> Iterator[_Holds]:
    alive = {one.plugin for one in seen.runners if one.alive}
    waiting = {
        one.plugin: one.statuses.get(Status.STARTED, 0) for one in seen.statistics if one.tab.value == "queue"
    }
    for plugin in seen.plugins:
        name, jobs = plugin.name, waiting.get(plugin.name, 0)
        if plugin.paused or not jobs:
            continue  # those who stopped it know that its jobs wait
        here = {"at": seen.now, "plugin": name, "path": f"/plugins/{name}"}
        if name not in alive:
            event = Event(id="", kind=EventKind.NO_RUNNER, facts={"jobs": str(jobs)}, **here)
            yield _Holds(f"no_runner {name}", seen.now, NO_RUNNER_FOR, event)
        oldest = seen.oldest.get(name)
        for number in minutes:
            if oldest is not None and seen.now - oldest > timedelta(minutes=number):
                facts = {"minutes": str(number)}
                event = Event(id="", kind=EventKind.QUEUE_OLD, facts=facts, minutes=number, **here)
                yield _Holds(f"queue_old {number} {name}", seen.now, timedelta(0), event)
    for name, backlog in seen.backlogs.items():
        if backlog.oldest is not None and seen.now - backlog.oldest > SILENT_FOR:
            reports = f"{backlog.pending}{'+' if backlog.capped else ''}"
            facts = {"installation": name, "reports": reports}
            event = Event(id="", kind=EventKind.GOOBI_SILENT, at=seen.now, path="/reports", facts=facts)
            yield _Holds(f"goobi {name}", seen.now, timedelta(0), event)


def _conditions(
    known: Iterable[Condition], holding: Sequence[_Holds], now: datetime
) -> tuple[tuple[Condition, ...], list[Event]]:
    """The conditions that hold now, and the events of those that have held long enough and are not told."""
    before = {one.key: one for one in known}
    kept, events = [], []
    for one in holding:
        condition = before.get(one.key) or Condition(key=one.key, since=one.since)
        if not condition.told and now - condition.since >= one.patience:
            events.append(one.event.model_copy(update={"id": f"{one.key} {condition.since.isoformat()}"}))
            condition = condition.model_copy(update={"told": True})
        kept.append(condition)
    return tuple(kept), events

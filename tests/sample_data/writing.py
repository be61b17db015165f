"""Puts the sample data into a database, as a scheduler would have stored it, and keeps its runners alive."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.sample_data import cast, people, records
from tests.sample_data.jobs import Jobs, Noteworthy

from taskmanager.model.jobs import Job
from taskmanager.model.registry import ALIVE_FOR
from taskmanager.model.states import Status, Tab
from taskmanager.mongo import MongoDeadLetters, MongoNotifications, MongoStore
from taskmanager.ports.access_store import AccessPlan
from taskmanager.ports.store import Needs, Plan, Snapshot, StatisticsDelta
from taskmanager_scheduler.decisions.hourly_figures import figures_of


@dataclass(frozen=True)
class SampleData:
    """What was written: the time, and the ids of what is worth looking at."""

    now: datetime
    jobs: Noteworthy


@contextmanager
def written_sample_data(mongodb_url: str) -> Iterator[SampleData]:
    """Write to a migrated, empty database; live runners send heartbeats during the `with` block."""
    now = _whole_milliseconds(datetime.now(UTC))
    jobs = Jobs(now)
    for plan in _plans(jobs, now):
        asyncio.run(_apply(mongodb_url, plan))
    asyncio.run(let_in(mongodb_url, now))
    asyncio.run(_keep_letters(mongodb_url, now))
    asyncio.run(_tell(mongodb_url, now))
    with _heartbeats(mongodb_url):
        yield SampleData(now, jobs.noteworthy)


def _whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _plans(jobs: Jobs, now: datetime) -> Iterator[Plan]:
    yield Plan(
        plugins=cast.plugins(now),
        runners=list(cast.runners(now)),
        replicas=list(cast.replicas(now)),
        jobs=[(None, job) for job in jobs.all],
        statistics=list(statistics(jobs.all)),
        figures=figures_of((None, job) for job in jobs.all),
        logs=list(records.logs(jobs, now)),
        files=list(records.files(jobs, now)),
    )
    yield Plan(
        reports=list(records.reports(jobs, now)),
        operations=[(None, one) for one in records.operations(now)],
        failures=list(records.failures(jobs, now)),
        audit=list(records.audit(jobs, now)),
        rules=list(records.rules(now)),
    )


async def _tell(url: str, now: datetime) -> None:
    """Messages of a rule, as if they had been sent."""
    store = MongoStore(url)
    outbox = MongoNotifications(store.database)
    for made in records.deliveries(now):
        await outbox.bundle(made)
    await store.close()


def statistics(jobs: Iterable[Job]) -> Iterator[StatisticsDelta]:
    """The statistics of these jobs."""
    groups: dict[tuple[str, Tab], list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.plugin, job.tab].append(job)
    for (plugin, tab), members in groups.items():
        counted: dict[Status, int] = defaultdict(int)
        for job in members:
            counted[job.status] += 1
        yield StatisticsDelta(
            plugin=plugin,
            tab=tab,
            jobs=len(members),
            files=sum(job.files for job in members),
            bytes=sum(job.bytes for job in members),
            statuses=dict(counted),
        )


async def let_in(url: str, now: datetime) -> None:
    """Add users and tokens to the existing ones."""

    def decide(seen: Snapshot) -> Plan:
        users, tokens = list(people.users(now)), list(people.tokens(now))
        sessions = list(people.sessions(now))
        rev = seen.access.rev
        return Plan(access=AccessPlan(rev=rev, users=users, tokens=tokens, session_uses=sessions))

    store = MongoStore(url)
    try:
        await store.apply(Needs(access=frozenset({"scene"})), decide)
    finally:
        await store.close()


async def _apply(url: str, plan: Plan) -> None:
    store = MongoStore(url)
    try:
        await store.apply(Needs(), lambda _: plan)
    finally:
        await store.close()


async def _keep_letters(url: str, now: datetime) -> None:
    """Make the dead letters known, with what was decided about them."""
    store, letters = MongoStore(url), list(records.letters(now))
    settled = [(one.id, one.settlement) for one in letters if one.settlement is not None]
    try:
        await MongoDeadLetters(store.database).keep(letters)
        await store.apply(Needs(), lambda _: Plan(settlements=settled))
    finally:
        await store.close()


@contextmanager
def _heartbeats(url: str) -> Iterator[None]:
    """Send the heartbeats of the live runners."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(ALIVE_FOR / timedelta(seconds=4)):
            now = datetime.now(UTC)
            alive = [runner for runner in cast.runners(now) if runner.id in cast.ALIVE]
            asyncio.run(_apply(url, Plan(runners=alive)))

    with _running(beat, stop):
        yield


@contextmanager
def _running(work: Callable[[], None], stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=work, name="heartbeats of the sample data", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

"""Jobs that belong to a runner are found without an index that says so, whoever granted them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import Claim, Finished, HandedBack, Inbound, RunnerEvent, RunnerEvents, Submit
from taskmanager.model.jobs import Job, JobSpec
from taskmanager.mongo import MongoStore, connect
from taskmanager.mongo.at_work import READ_AGAIN_AFTER, JobsAtWork
from taskmanager.ports.store import Needs, Plan, Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OVERDUE = Needs(leases_before=NOW + timedelta(hours=1), limit=10)


@pytest.fixture
async def store(mongodb_url: str) -> AsyncIterator[MongoStore]:
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


@pytest.fixture
async def others(mongodb_url: str) -> AsyncIterator[MongoStore]:
    """Another scheduler's."""
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


@pytest.fixture
async def at_work(mongodb_url: str) -> AsyncIterator[tuple[JobsAtWork, list[float]]]:
    """Notes of their own, and the time by their clock."""
    client, database = connect(mongodb_url)
    time = [0.0]
    yield JobsAtWork(database, lambda: time[0]), time
    await client.close()


async def feed(store: MongoStore, *messages: Inbound) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, NOW))


async def submitted(store: MongoStore, *jobs: str) -> None:
    spec = JobSpec(plugin="noop", destination=None)
    await feed(store, *(Submit(job=one, client="test", submitted_at=NOW, spec=spec) for one in jobs))


def said(*events: RunnerEvent, runner: str = "r1") -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner=runner, instance="a", events=events)


def claim(job: str) -> Claim:
    return Claim(job=job, dispatch=1, claim_id=job)


async def seen(store: MongoStore, needs: Needs) -> list[str]:
    found: list[Snapshot] = []

    def keep(snapshot: Snapshot) -> Plan:
        found.append(snapshot)
        return Plan()

    await store.apply(needs, keep)
    return sorted(found[-1].jobs)


async def stored(store: MongoStore, job: str) -> Job:
    found: list[Job] = []

    def keep(snapshot: Snapshot) -> Plan:
        found.append(snapshot.jobs[job])
        return Plan()

    await store.apply(Needs(jobs=frozenset({job})), keep)
    return found[-1]


def of(*runners: str) -> Needs:
    return Needs(runners=frozenset(runners))


async def test_a_runners_jobs_are_those_it_was_granted_and_has_not_ended(store: MongoStore) -> None:
    await submitted(store, "1", "2", "3", "4")
    await feed(store, said(claim("1"), claim("2")), said(claim("3"), runner="r2"))
    await feed(store, said(HandedBack(job="1", attempt=1)))

    assert await seen(store, of("r1")) == ["2"]
    assert await seen(store, of("r1", "r2")) == ["2", "3"]
    assert await seen(store, of("r3")) == []
    assert await seen(store, OVERDUE) == ["2", "3"]


async def test_a_job_that_changes_its_runner_in_one_group_is_the_new_ones(store: MongoStore) -> None:
    await submitted(store, "1")
    await feed(store, said(claim("1")))
    again = Claim(job="1", dispatch=2, claim_id="again")
    await feed(store, said(HandedBack(job="1", attempt=1)), said(again, runner="r2"))

    assert await seen(store, of("r1")) == []
    assert await seen(store, of("r2")) == ["1"]


async def test_what_another_scheduler_granted_is_found_after_a_takeover(
    store: MongoStore, others: MongoStore
) -> None:
    assert await seen(store, of("r1")) == []
    await submitted(others, "1", "2")
    await feed(others, said(claim("1")))

    await store.look_anew()

    assert await seen(store, of("r1")) == ["1"]
    await store.look_anew()
    assert await seen(store, OVERDUE) == ["1"]


async def test_a_late_grant_of_the_former_scheduler_is_found_with_its_message(
    store: MongoStore, others: MongoStore
) -> None:
    await submitted(others, "1")
    assert await seen(store, OVERDUE) == []
    await feed(others, said(claim("1")))
    assert await seen(store, OVERDUE) == []

    await feed(store, said(claim("1")))  # it was not acknowledged, so it comes again

    assert await seen(store, OVERDUE) == ["1"]
    assert await seen(store, of("r1")) == ["1"]


async def test_grants_are_known_although_it_is_not_known_whether_they_were_stored(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submitted(store, "1")
    assert await seen(store, OVERDUE) == []
    real = MongoStore._write

    async def stored_but_never_confirmed(self: MongoStore, plan: Plan) -> None:
        await real(self, plan)
        message = "the connection broke"
        raise StoreUnavailableError(message)

    with monkeypatch.context() as patched:
        patched.setattr(MongoStore, "_write", stored_but_never_confirmed)
        with pytest.raises(StoreUnavailableError):
            await feed(store, said(claim("1")))

    assert await seen(store, of("r1")) == ["1"]
    assert await seen(store, OVERDUE) == ["1"]


async def test_after_a_while_the_database_is_asked_again(
    store: MongoStore, at_work: tuple[JobsAtWork, list[float]]
) -> None:
    notes, time = at_work
    await submitted(store, "1", "2")
    await feed(store, said(claim("1")))
    assert await notes.all() == {"1"}
    await feed(store, said(claim("2"), Finished(job="1", attempt=1, seq=1, files=0, bytes=0)))

    time[0] = READ_AGAIN_AFTER.total_seconds() - 1
    await notes.read_again()
    assert await notes.all() == {"1"}

    time[0] += 1
    await notes.read_again()
    assert await notes.of("r1") == {"1", "2"}


async def test_what_others_have_ended_is_forgotten_after_a_while(
    store: MongoStore, at_work: tuple[JobsAtWork, list[float]]
) -> None:
    notes, time = at_work
    await submitted(store, "1", "2")
    await feed(store, said(claim("1")))
    assert await notes.all() == {"1"}
    await feed(store, said(HandedBack(job="1", attempt=1), claim("2")))

    for known in ({"1", "2"}, {"2"}):
        time[0] += READ_AGAIN_AFTER.total_seconds()
        await notes.read_again()
        assert await notes.all() == known


async def test_a_grant_that_is_being_stored_while_the_jobs_are_read_stays_noted(
    store: MongoStore, at_work: tuple[JobsAtWork, list[float]]
) -> None:
    notes, time = at_work
    await submitted(store, "1")
    assert await notes.all() == frozenset()
    granted = decide([said(claim("1"))], Snapshot(jobs={"1": await stored(store, "1")}), NOW)
    notes.note(after for _, after in granted.jobs)

    time[0] += READ_AGAIN_AFTER.total_seconds()
    await notes.read_again()

    assert await notes.of("r1") == await notes.all() == {"1"}
    notes.drop("r1", {"1"})
    assert await notes.all() == frozenset()


async def test_what_takes_long_to_read_is_read_less_often(mongodb_url: str, store: MongoStore) -> None:
    client, database = connect(mongodb_url)
    times = iter((0.0, 3.0, 299.0, 303.0, 304.0, 305.0))  # reading took three seconds, then one
    notes = JobsAtWork(database, lambda: next(times))
    assert await notes.all() == frozenset()
    await submitted(store, "1")
    await feed(store, said(claim("1")))

    await notes.read_again()
    assert await notes.all() == frozenset()
    await notes.read_again()
    assert await notes.all() == {"1"}
    await client.close()


async def test_after_an_outage_the_database_is_asked_again(store: MongoStore, others: MongoStore) -> None:
    await submitted(store, "1")
    assert await seen(store, of("r1")) == []
    await feed(others, said(claim("1")))  # as another copy of the database would have it
    assert await seen(store, of("r1")) == []

    def away(_: Snapshot) -> Plan:
        message = "no primary"
        raise StoreUnavailableError(message)

    with pytest.raises(StoreUnavailableError):
        await store.apply(Needs(), away)

    assert await seen(store, of("r1")) == ["1"]


async def test_what_was_being_read_when_all_was_forgotten_does_not_count_as_all(
    store: MongoStore, at_work: tuple[JobsAtWork, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, time = at_work
    await submitted(store, "1")
    await feed(store, said(claim("1")))
    assert await notes.all() == {"1"}
    time[0] = 2 * READ_AGAIN_AFTER.total_seconds()

    reading = notes.read_again()
    with monkeypatch.context() as patched:
        patched.setattr(notes, "_database", _ForgettingDatabase(notes))
        await reading

    assert await notes.all() == {"1"}


class _ForgettingDatabase:
    """All is forgotten before the first answer, which is empty."""

    def __init__(self, notes: JobsAtWork) -> None:
        self.jobs = self
        self._notes = notes

    async def distinct(self, _field: str) -> list[str]:
        self._notes.forget()
        return []

    def find(self, *_: object, **__: object) -> "_ForgettingDatabase":
        return self

    async def to_list(self) -> list[dict[str, str]]:
        return []

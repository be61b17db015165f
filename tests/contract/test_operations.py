"""One suite over the stores in memory and MongoDB: what scheduler and gateway rely on for operations."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, GoobiReference, HistoryEntry, Interruption, Job, JobSpec
from taskmanager.model.operations import (
    EXAMPLES,
    Failure,
    JobFilter,
    Operation,
    OperationQuery,
    OperationState,
    page_key,
)
from taskmanager.model.states import Status, Tab
from taskmanager.mongo import MongoReader, MongoStore
from taskmanager.ports.readers import JobReader
from taskmanager.ports.store import Needs, Plan, Snapshot, Store
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Stored:
    """A store and a reader of the same."""

    store: Store
    reader: JobReader
    fakes: tuple[MemoryStore, FakeReader] | None = None

    async def write(self, plan: Plan) -> None:
        await self.store.apply(Needs(), lambda _: plan)
        if self.fakes:
            memory, fake = self.fakes
            fake.stored, fake.known_operations = memory.jobs, memory.operations
            fake.known_failures = list(memory.failures.values())

    async def put(self, *jobs: Job) -> None:
        await self.write(Plan(jobs=[(None, one) for one in jobs]))

    async def listed(self, chosen: JobFilter, *, page: int = 2, at: datetime = NOW) -> list[list[str]]:
        """The pages of an operation's jobs."""
        listing = await self.store.list_jobs(operation(chosen=chosen, at=at), page=page)
        keys = [page_key(listing.id, number) for number in range(listing.pages)]
        pages = (await self.look(Needs(pages=frozenset(keys)))).pages
        assert sum(len(ids) for ids in pages.values()) == listing.total
        return [list(pages[key]) for key in keys]

    async def look(self, needs: Needs) -> Snapshot:
        seen: list[Snapshot] = []

        def keep(snapshot: Snapshot) -> Plan:
            seen.append(snapshot)
            return Plan()

        await self.store.apply(needs, keep)
        return seen[-1]


@pytest.fixture
async def stored(store_url: str | None) -> AsyncIterator[Stored]:
    if store_url is None:
        memory, fake = MemoryStore(), FakeReader()
        yield Stored(memory, fake, (memory, fake))
        return
    store, reader = MongoStore(store_url), MongoReader(store_url)
    yield Stored(store, reader)
    await reader.close()
    await store.close()


def job(number: int, status: Status = Status.STARTED, *, at: datetime = NOW, **fields: Any) -> Job:
    spec = {name: fields.pop(name) for name in list(fields) if name in JobSpec.model_fields}
    finished = at if status.final else None
    return Job(
        id=f"job-{number}",
        spec=JobSpec(**{"plugin": "noop", **spec}),
        client="test",
        status=status,
        created=at,
        queued_at=at,
        finished=finished,
        priority=spec.get("priority", 5),
        history=(HistoryEntry(at=at, status=status, attempt=0, note="accepted"),),
        rev=1,
        **fields,
    )


def operation(
    number: int = 1, *, chosen: JobFilter | None = None, at: datetime = NOW, **fields: Any
) -> Operation:
    return Operation(
        id=f"op-{number}",
        action=JobAction.PRIORITY,
        priority=9,
        filter=chosen or JobFilter(plugin="noop", ids=("1", "2"), created_before=NOW),
        asked=Attribution(by="anna", at=at, reason="urgent"),
        fingerprint="f",
        **fields,
    )


async def test_an_operation_comes_back_as_it_was_stored(stored: Stored) -> None:
    made = operation(
        stop=Interruption(by="bert", at=NOW), started=NOW, finished=NOW, state=OperationState.STOPPED
    )
    await stored.write(Plan(operations=[(None, made)]))

    assert await stored.reader.operation("op-1") == made
    assert (await stored.look(Needs(operations=frozenset({"op-1", "op-2"})))).operations == {"op-1": made}
    assert await stored.reader.operation("op-2") is None


async def test_a_change_of_an_operation_another_one_changed_meanwhile_is_refused(stored: Stored) -> None:
    first = operation()
    changed = first.model_copy(update={"rev": 2, "done": 5})
    await stored.write(Plan(operations=[(None, first)]))
    await stored.write(Plan(operations=[(first, changed)]))

    with pytest.raises(StoreUnavailableError):
        await stored.write(Plan(jobs=[(None, job(1))], operations=[(first, changed)]))

    assert await stored.reader.operation("op-1") == changed
    assert await stored.reader.job("job-1") is None


async def test_open_operations_are_those_with_something_left_to_do_the_oldest_first(stored: Stored) -> None:
    states = (OperationState.DONE, OperationState.RUNNING, OperationState.STOPPED, OperationState.WAITING)
    made = [
        operation(number, state=state, at=NOW - timedelta(seconds=number))
        for number, state in enumerate(states)
    ]
    owing = operation(9, state=OperationState.STOPPED, page=2, ticketed=1, at=NOW)
    await stored.write(Plan(operations=[(None, one) for one in (*made, owing)]))

    assert [one.id for one in await stored.store.open_operations()] == ["op-3", "op-1", "op-9"]


async def test_queued_jobs_are_listed_in_pages_as_they_start(stored: Stored) -> None:
    await stored.put(
        job(1, priority=1),
        job(2, priority=9),
        job(3, priority=9, at=NOW - timedelta(hours=1)),
        job(4, Status.DONE),
        job(5, plugin="other"),
        job(6, Status.PAUSED),
    )

    pages = await stored.listed(JobFilter(plugin="noop", tab=Tab.QUEUE))

    assert pages == [["job-3", "job-2"], ["job-6", "job-1"]]


async def test_jobs_stored_after_an_operation_was_asked_for_are_not_listed(stored: Stored) -> None:
    await stored.put(
        job(1, at=NOW - timedelta(milliseconds=1)), job(2), job(3, at=NOW + timedelta(milliseconds=1))
    )
    without_history = job(4).model_copy(update={"history": ()})
    await stored.put(without_history)

    assert sorted(chain.from_iterable(await stored.listed(JobFilter()))) == ["job-1", "job-2", "job-4"]


async def test_more_jobs_than_are_read_at_once_are_listed_once_each(stored: Stored) -> None:
    await stored.put(*(job(number) for number in range(100)))

    pages = await stored.listed(JobFilter(plugin="noop", tab=Tab.QUEUE), page=3)

    assert {len(page) for page in pages[:-1]} == {3}
    ids = list(chain.from_iterable(pages))
    assert (len(ids), len(set(ids))) == (100, 100)


async def test_a_page_brings_its_jobs(stored: Stored) -> None:
    one, other = job(1), job(2)
    await stored.put(one, other)
    listing = await stored.store.list_jobs(operation(chosen=JobFilter(ids=("job-1", "job-9"))), page=5)

    seen = await stored.look(Needs(pages=frozenset({page_key(listing.id, 0), "nobodys:0"})))

    assert seen.pages == {page_key(listing.id, 0): ("job-1",)}
    assert seen.jobs == {"job-1": one}


async def paged(stored: Stored, *jobs: Job) -> frozenset[str]:
    """The keys of the pages that list these jobs, two on a page."""
    await stored.put(*jobs)
    chosen = JobFilter(ids=tuple(one.id for one in jobs))
    listing = await stored.store.list_jobs(operation(chosen=chosen), page=2)
    return frozenset(page_key(listing.id, number) for number in range(listing.pages))


def renamed(one: Job, client: str) -> tuple[Job, Job]:
    return one, one.model_copy(update={"client": client, "rev": one.rev + 1})


async def test_a_page_that_was_read_ahead_brings_the_same_jobs(stored: Stored) -> None:
    jobs = [job(number) for number in range(1, 4)]
    keys = await paged(stored, *jobs)

    await stored.store.look_ahead(keys | {"nobodys:0"})

    ahead, again = await stored.look(Needs(pages=keys)), await stored.look(Needs(pages=keys))
    assert ahead.jobs == again.jobs == {one.id: one for one in jobs}
    assert ahead.pages == again.pages
    assert set(ahead.pages) == keys


async def test_what_is_written_after_a_page_was_read_ahead_is_seen(stored: Stored) -> None:
    one, other = job(1), job(2)
    keys = await paged(stored, one, other)
    await stored.store.look_ahead(keys)
    changed, ended = renamed(one, "new"), other.model_copy(update={"status": Status.CANCELLED, "rev": 2})
    await stored.write(Plan(jobs=[changed, (other, ended)]))

    seen = await stored.look(Needs(pages=keys))

    assert seen.jobs == {"job-1": changed[1], "job-2": ended}


async def test_what_another_scheduler_wrote_after_a_page_was_read_ahead_is_decided_on_anew(
    mongodb_url: str,
) -> None:
    """A decision that writes it, and one that leaves it alone because of what it is."""
    own, other = Stored(MongoStore(mongodb_url), FakeReader()), MongoStore(mongodb_url)
    jobs = [job(number) for number in range(1, 3)]
    keys = await paged(own, *jobs)
    seen: list[list[str]] = []

    def name_anew(snapshot: Snapshot) -> Plan:
        found = sorted(snapshot.jobs.values(), key=lambda one: one.id)
        seen.append([one.client for one in found])
        return Plan(jobs=[renamed(one, "mine") for one in found if one.client == "test"])

    await own.store.look_ahead(keys)
    await other.apply(Needs(), lambda _: Plan(jobs=[renamed(jobs[0], "theirs")]))
    await own.store.apply(Needs(pages=keys), name_anew)
    await own.store.look_ahead(keys)
    await other.apply(Needs(), lambda _: Plan(jobs=[renamed(renamed(jobs[1], "mine")[1], "test")]))
    await own.store.apply(Needs(pages=keys), name_anew)

    assert seen == [["test", "test"], ["theirs", "test"], ["theirs", "mine"], ["theirs", "test"]]
    assert [one.client for one in (await own.look(Needs(pages=keys))).jobs.values()] == ["theirs", "mine"]
    for store in (own.store, other):
        assert isinstance(store, MongoStore)
        await store.close()


async def test_what_is_written_while_a_page_is_read_ahead_is_seen(
    mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MongoStore(mongodb_url)
    own, one, other = Stored(store, FakeReader()), job(1), job(2)
    keys = await paged(own, one, other)
    written, load = asyncio.Event(), store._operations.load_pages

    async def slowly(wanted: frozenset[str]) -> dict[str, tuple[str, ...]]:
        if wanted:
            await written.wait()
        return await load(wanted)

    monkeypatch.setattr(store._operations, "load_pages", slowly)
    reading = asyncio.create_task(store.look_ahead(keys))
    await own.write(Plan(jobs=[renamed(one, "new")]))
    written.set()
    await reading

    assert store._ahead.take(keys).jobs == {"job-2": other}
    await store.close()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, {1, 2, 3, 4, 5}),
        ({"plugin": "other"}, {5}),
        ({"tab": Tab.QUEUE}, {1, 2, 5}),
        ({"tab": Tab.DONE}, {3}),
        ({"tab": Tab.ERROR}, {4}),
        ({"status": Status.PAUSED}, {2}),
        ({"status": Status.CANCELLED}, {4}),
        ({"project": "a"}, {1, 3}),
        ({"project": "a", "tab": Tab.DONE}, {3}),
        ({"process": 7}, {2}),
        ({"text": "bd der"}, {2}),
        ({"text": "!"}, set()),
        ({"priority_min": 6}, {4}),
        ({"priority_max": 4}, {5}),
        ({"created_before": NOW}, {5}),
        ({"created_after": NOW}, {4}),
        ({"ids": ("job-1", "job-4", "job-8")}, {1, 4}),
        ({"ids": ("job-1", "job-4"), "tab": Tab.QUEUE}, {1}),
    ],
)
async def test_a_filter_means_only_what_it_says(
    stored: Stored, chosen: dict[str, Any], expected: set[int]
) -> None:
    hour = timedelta(hours=1)
    await stored.put(
        job(1, project="a"),
        job(2, Status.PAUSED, title="Der Band", goobi=GoobiReference(process_id=7, process_title="bd_1")),
        job(3, Status.DONE, project="a"),
        job(4, Status.CANCELLED, priority=8, at=NOW + hour),
        job(5, plugin="other", priority=1, at=NOW - hour),
    )
    meant = JobFilter(**chosen)

    pages = await stored.listed(meant, at=NOW + 2 * hour)
    preview = await stored.reader.preview(meant)

    assert {int(one[-1]) for one in chain.from_iterable(pages)} == expected
    assert (preview.count, preview.exact) == (len(expected), True)
    assert {int(one.id[-1]) for one in preview.examples} == expected


async def test_a_preview_shows_some_of_many(stored: Stored) -> None:
    await stored.put(*(job(number) for number in range(9)))

    preview = await stored.reader.preview(JobFilter(plugin="noop"))

    assert (preview.count, len(preview.examples)) == (9, EXAMPLES)


async def test_operations_are_read_page_by_page_the_newest_first(stored: Stored) -> None:
    made = [operation(number, at=NOW + timedelta(seconds=number // 2)) for number in range(5)]
    await stored.write(Plan(operations=[(None, one) for one in made]))

    first = await stored.reader.operations(OperationQuery(limit=2))
    second = await stored.reader.operations(OperationQuery(limit=2, cursor=first.next_cursor))
    last = await stored.reader.operations(OperationQuery(limit=2, cursor=second.next_cursor))

    shown = [[one.id for one in page.operations] for page in (first, second, last)]
    assert shown == [["op-4", "op-3"], ["op-2", "op-1"], ["op-0"]]
    assert last.next_cursor is None


async def test_those_at_work_and_those_that_ended_are_read_apart(stored: Stored) -> None:
    made = [
        operation(number).model_copy(update={"state": state}) for number, state in enumerate(OperationState)
    ]
    await stored.write(Plan(operations=[(None, one) for one in made]))

    async def read(*, running: bool) -> set[OperationState]:
        page = await stored.reader.operations(OperationQuery(running=running))
        return {one.state for one in page.operations}

    assert await read(running=True) == {OperationState.WAITING, OperationState.RUNNING}
    assert await read(running=False) == {OperationState.STOPPED, OperationState.DONE}


@pytest.mark.parametrize("cursor", ["nonsense", "", "e30=", "WzEsMl0="])
async def test_a_cursor_nobody_gave_out_is_refused(stored: Stored, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await stored.reader.operations(OperationQuery(cursor=cursor))


async def test_failures_are_kept_once_and_read_in_order(stored: Stored) -> None:
    made = [
        Failure(operation="op-1", number=number, job=f"{number}", reason="it has ended", at=NOW)
        for number in (2, 1, 3)
    ]
    other = Failure(operation="op-2", number=1, job="9", reason="", at=NOW)
    await stored.write(Plan(failures=[*made, other]))
    await stored.write(Plan(failures=[made[0].model_copy(update={"reason": "said again"})]))

    first = await stored.reader.failures("op-1", limit=2)
    rest = await stored.reader.failures("op-1", after=2)

    assert [[one.number for one in found] for found in (first, rest)] == [[1, 2], [3]]
    assert first[1] == made[0]

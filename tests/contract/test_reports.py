"""One suite over the reports in memory and those in MongoDB: what delivery and the gateway rely on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.goobi.reports import NOW, report, traced_job

from taskmanager.model.jobs import GoobiReference
from taskmanager.model.reports import (
    InstallationHealth,
    Replay,
    Report,
    ReportKind,
    ReportQuery,
    ReportState,
    Withdrawal,
)
from taskmanager.mongo import MongoReader, MongoReports, MongoStore
from taskmanager.ports.readers import JobReader
from taskmanager.ports.report_store import Among, ReportStore
from taskmanager.ports.store import Needs, Plan, Store
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.store import MemoryStore

MAIN = Among(("main", None))
LATER = NOW + timedelta(minutes=1)


@dataclass
class Both:
    """A store that makes reports, delivery's view of it, and the gateway's."""

    store: Store
    told: ReportStore
    reader: JobReader

    async def make(self, *reports: Report) -> None:
        await self.store.apply(Needs(), lambda _: Plan(reports=reports))

    async def replay(self, **fields: Any) -> None:
        replays = [Replay(at=LATER, **fields)]
        await self.store.apply(Needs(), lambda _: Plan(replays=replays))

    async def seqs(self, among: Among = MAIN, limit: int = 100) -> list[int]:
        return [one.seq for one in await self.told.due(among, now=NOW, limit=limit)]


@pytest.fixture
async def both(store_url: str | None) -> AsyncIterator[Both]:
    if store_url is None:
        memory, fake = MemoryStore(), FakeReader()
        fake.known_reports = memory.reports
        yield Both(memory, memory.told, fake)
        return
    store, reader = MongoStore(store_url), MongoReader(store_url)
    yield Both(store, MongoReports(store.database), reader)
    await store.close()
    await reader.close()


def of(name: str | None, number: int, **more: Any) -> Report:
    goobi = GoobiReference(process_id=1, step_id=11, installation=name)
    return report(number, goobi=goobi, **{"job": f"job-{number}", **more})


async def test_a_report_is_stored_once_and_comes_back_as_it_was(both: Both) -> None:
    one = report(1, callback_url="http://goobi/done", callback_job_type="fracture")
    await both.make(one, report(2))
    await both.make(one.model_copy(update={"attempts": 9}))
    assert await both.told.pending_of(["job-1", "job-2"]) == [one, report(2)]
    assert await both.reader.report(one.id) == one
    assert await both.reader.report("nobody") is None


async def test_due_are_those_of_the_installation_whose_time_has_come_the_longest_first(both: Both) -> None:
    await both.make(
        of("main", 1),
        of(None, 2, next_try=NOW - timedelta(seconds=1)),
        of("main", 3, next_try=LATER),
        of("old", 4),
        report(5, goobi=None, callback_url="http://goobi/done", job="job-5"),
        of("main", 6, state=ReportState.DELIVERED, next_try=None),
    )
    assert await both.seqs() == [2, 1, 5]
    assert await both.seqs(limit=1) == [2]
    assert await both.seqs(Among(("old",))) == [4]
    assert await both.seqs(Among(("old", None), others=True)) == [1]


async def test_the_trace_of_a_job_is_known_if_it_has_one(both: Both) -> None:
    traced = traced_job("traced", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    plain = traced_job("plain", None)
    await both.store.apply(Needs(), lambda _: Plan(jobs=[(None, traced), (None, plain)]))
    assert await both.told.traces(["traced", "plain", "unknown"]) == {"traced": traced.traceparent}
    assert await both.told.traces([]) == {}


async def test_a_report_is_settled_only_as_it_was_seen(both: Both) -> None:
    await both.make(report(1))
    fields = {"state": ReportState.DELIVERED, "delivered_at": NOW, "next_try": None, "attempts": 1}
    after = report(1).model_copy(update={**fields, "last_answer": "taken", "rev": 2})
    assert await both.told.settle(after)
    assert not await both.told.settle(after)
    assert await both.reader.report(after.id) == after
    assert await both.seqs() == []


async def test_the_reports_of_a_job_wait_together(both: Both) -> None:
    await both.make(report(1), report(2, next_try=NOW + timedelta(hours=1)), report(3, job="job-2"))
    await both.told.postpone("job-1", LATER)
    assert await both.seqs() == [3]
    first, second = await both.told.pending_of(["job-1"])
    assert (first.next_try, second.next_try) == (LATER, NOW + timedelta(hours=1))


async def test_what_was_given_up_is_replayed_by_installation(both: Both) -> None:
    lost: dict[str, Any] = {"state": ReportState.GIVEN_UP, "next_try": None, "attempts": 7}
    await both.make(of("main", 1, **lost), of(None, 2, **lost), of("old", 3, **lost), of("main", 4))
    await both.replay(installations=("main", None))
    again = await both.reader.report(of("main", 1).id)
    assert again == of("main", 1, attempts=7, since=LATER, next_try=LATER, rev=2)
    assert [one.seq for one in await both.told.due(MAIN, now=LATER, limit=9)] == [4, 1, 2]
    still = await both.reader.report(of("old", 3).id)
    assert still is not None
    assert still.state is ReportState.GIVEN_UP


async def test_one_report_is_replayed_unless_it_is_delivered(both: Both) -> None:
    delivered: dict[str, Any] = {"state": ReportState.DELIVERED, "next_try": None, "delivered_at": NOW}
    await both.make(report(1, next_try=LATER + timedelta(hours=1)), report(2, job="job-2", **delivered))
    for name in (report(1).id, report(2, job="job-2").id):
        await both.replay(report=name)
    assert [one.seq for one in await both.told.due(MAIN, now=LATER, limit=9)] == [1]


async def test_what_a_retry_makes_untrue_is_withdrawn_for_good(both: Both) -> None:
    lost: dict[str, Any] = {"state": ReportState.GIVEN_UP, "next_try": None}
    job: dict[str, Any] = {"job": "a"}
    await both.make(
        of("main", 1, **job),
        of("main", 2, kind=ReportKind.ERROR_STEP, **job),
        of("main", 3, kind=ReportKind.ERROR_STEP, **job, **lost),
        of("main", 4, kind=ReportKind.ERROR_STEP, **job, state=ReportState.DELIVERED, next_try=None),
        of("main", 30, kind=ReportKind.ERROR_STEP, **job),
        of("main", 5, kind=ReportKind.ERROR_STEP, job="b"),
    )
    gone = Withdrawal(job="a", below=30, at=LATER)
    await both.store.apply(Needs(), lambda _: Plan(withdrawals=[gone]))
    await both.replay(report="a:00000003")
    await both.replay(installations=("main", None))

    withdrawn = await both.reader.reports(ReportQuery(state=ReportState.WITHDRAWN))
    assert {(one.seq, one.next_try, one.withdrawn_at) for one in withdrawn.reports} == {
        (2, None, LATER),
        (3, None, LATER),
    }
    assert sorted(await both.seqs()) == [1, 5, 30]


async def test_backlogs_are_counted_by_installation(both: Both) -> None:
    lost: dict[str, Any] = {"state": ReportState.GIVEN_UP, "next_try": None}
    await both.make(
        of("main", 1, created=LATER), of(None, 2), of("old", 3), of("main", 4, **lost), of("main", 5, **lost)
    )
    for found in (await both.told.undelivered(MAIN), await both.reader.backlog(("main", None))):
        assert (found.pending, found.capped, found.given_up, found.oldest) == (2, False, 2, NOW)
    empty = await both.told.undelivered(Among(("nobody",)))
    assert (empty.pending, empty.oldest) == (0, None)


async def test_reports_are_listed_the_newest_first(both: Both) -> None:
    lost: dict[str, Any] = {"state": ReportState.GIVEN_UP, "next_try": None}
    await both.make(*(report(number) for number in (1, 2, 3)), report(4, created=LATER, **lost), of("old", 5))

    async def pages(**fields: Any) -> list[list[int]]:
        found, cursor = [], None
        while True:
            page = await both.reader.reports(ReportQuery(cursor=cursor, limit=2, **fields))
            found.append([one.seq for one in page.reports])
            if (cursor := page.next_cursor) is None:
                return found

    assert await pages(installations=("main", None)) == [[4, 3], [2, 1]]
    assert await pages(state=ReportState.GIVEN_UP) == [[4]]
    assert await pages(kind=ReportKind.ENTRY, state=ReportState.GIVEN_UP) == [[4]]
    assert await pages(kind=ReportKind.MESSAGE) == [[]]
    assert await pages(job="job-1") == [[4, 3], [2, 1]]
    assert await pages(job="nobody") == [[]]
    with pytest.raises(ValueError, match="cursor"):
        await both.reader.reports(ReportQuery(cursor="x"))


async def test_how_deliveries_went_is_kept_by_installation(both: Both) -> None:
    health = InstallationHealth(name="main", last_success=NOW, last_failure=LATER, last_answer="500")
    await both.told.note_health(health)
    await both.told.note_health(health.model_copy(update={"last_answer": "502"}))
    if isinstance(both.reader, MongoReader):
        assert await both.reader.installations_health() == [health.model_copy(update={"last_answer": "502"})]

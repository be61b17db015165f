"""Deliveries to real Goobis side by side: slow, dead, flaky; two schedulers; a stop in the middle."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.goobi.reports import report

from taskmanager.goobi.settings import GoobiSettings, parse
from taskmanager.model.jobs import GoobiReference
from taskmanager.model.reports import Report, ReportKind, ReportState
from taskmanager.process.clock import SystemClock
from taskmanager_scheduler.goobi.reporter import Reporter
from taskmanager_testing.goobi import (
    TOKEN,
    EventKind,
    FakeGoobi,
    Fault,
    FaultKind,
    RunningGoobi,
    running_goobi,
)
from taskmanager_testing.reports import MemoryReports
from taskmanager_testing.waiting import eventually_async

BOOKS = 20
ACTIVE = timedelta(minutes=5)


@pytest.fixture
def one() -> Iterator[RunningGoobi]:
    with running_goobi(FakeGoobi.with_books(BOOKS)) as server:
        yield server


@pytest.fixture
def other() -> Iterator[RunningGoobi]:
    with running_goobi(FakeGoobi.with_books(BOOKS)) as server:
        yield server


def settings_for(folder: Path, dialect: str = "core", **urls: str) -> GoobiSettings:
    token = folder / "token"
    token.write_text(TOKEN)
    table = {"dialect": dialect, "token_file": str(token), "timeout_seconds": 5, "longest_wait_seconds": 0.5}
    installations = {name: {**table, "url": f"{url}/goobi"} for name, url in urls.items()}
    return parse({"default": next(iter(urls)), "installations": installations}, "goobi.toml")


def ends(installation: str, books: int = BOOKS) -> dict[str, Report]:
    """The end of a job for the first step of each book: entry and close."""
    made: dict[str, Report] = {}
    now = SystemClock().now()
    for number in range(1, books + 1):
        goobi = GoobiReference(process_id=number, step_id=number * 10 + 1, installation=installation)
        times = {"created": now, "since": now, "next_try": now}
        for seq, kind in enumerate((ReportKind.ENTRY, ReportKind.CLOSE_STEP), start=1):
            job = f"{installation}-{number:03}"
            one = report(seq, kind, job=job, goobi=goobi, **times)
            made[one.id] = one
    return made


@contextlib.asynccontextmanager
async def delivering(settings: GoobiSettings, store: MemoryReports) -> AsyncIterator[Reporter]:
    reporter, stop = Reporter(settings, store, SystemClock(), active_for=ACTIVE), asyncio.Event()
    await reporter.ticked()
    running = asyncio.create_task(reporter.run(stop))
    try:
        yield reporter
    finally:
        stop.set()
        await running


async def until_delivered(store: MemoryReports, prefix: str, within_seconds: float = 30) -> None:
    async def all_delivered() -> bool:
        own = [one for one in store.reports.values() if one.job.startswith(prefix)]
        return all(one.state is ReportState.DELIVERED for one in own)

    await eventually_async(all_delivered, within_seconds=within_seconds, what=f"reports of {prefix}")


def told(server: RunningGoobi, book: int) -> list[EventKind]:
    events = server.goobi.workflow.events
    return [event.kind for event in events if event.process_id == book and event.kind in _WANTED]


_WANTED = {EventKind.JOURNAL, EventKind.CLOSED, EventKind.CLOSED_AGAIN}


@pytest.mark.parametrize("fault", [FaultKind.SLOW, FaultKind.ERROR, FaultKind.RESET])
async def test_a_sick_installation_does_not_hold_up_another(
    one: RunningGoobi, other: RunningGoobi, tmp_path: Path, fault: FaultKind
) -> None:
    one.goobi.faults.set(Fault(fault, delay_seconds=3600))
    store = MemoryReports({**ends("sick"), **ends("well")})
    async with delivering(settings_for(tmp_path, sick=one.url, well=other.url), store):
        await until_delivered(store, "well")
    assert all(told(other, book) == [EventKind.JOURNAL, EventKind.CLOSED] for book in range(1, BOOKS + 1))
    assert not any(told(one, book) for book in range(1, BOOKS + 1))


@pytest.mark.parametrize("dialect", ["webapi", "rest", "core"])
async def test_a_goobi_that_is_flaky_hears_everything_in_order(
    one: RunningGoobi, tmp_path: Path, dialect: str
) -> None:
    kinds = (FaultKind.ERROR, FaultKind.RESET, FaultKind.LOST, FaultKind.GARBAGE)
    one.goobi.faults.set(*(Fault(kind, chance=0.12) for kind in kinds))
    store = MemoryReports(ends("main"))
    async with delivering(settings_for(tmp_path, dialect, main=one.url), store):
        await until_delivered(store, "main", within_seconds=60)
    for book in range(1, BOOKS + 1):
        heard = told(one, book)
        assert heard[0] is EventKind.JOURNAL
        assert EventKind.JOURNAL not in heard[heard.index(EventKind.CLOSED) :]
        assert one.goobi.workflow.step(book * 10 + 1).closings == 1
        if dialect == "core":
            assert heard == [EventKind.JOURNAL, EventKind.CLOSED]


async def test_a_goobi_that_was_down_hears_everything_when_it_is_back(
    one: RunningGoobi, tmp_path: Path
) -> None:
    one.stop()
    store = MemoryReports(ends("main"))
    async with delivering(settings_for(tmp_path, main=one.url), store):

        async def failed() -> bool:
            return any(report.attempts for report in store.reports.values())

        await eventually_async(failed, what="a failed try")
        one.start()
        await until_delivered(store, "main")
    assert all(told(one, book) == [EventKind.JOURNAL, EventKind.CLOSED] for book in range(1, BOOKS + 1))


async def test_only_the_scheduler_that_has_the_inbox_delivers(one: RunningGoobi, tmp_path: Path) -> None:
    settings, store = settings_for(tmp_path, main=one.url), MemoryReports(ends("main"))
    idle, stop = Reporter(settings, store, SystemClock(), active_for=ACTIVE), asyncio.Event()
    waiting = asyncio.create_task(idle.run(stop))
    async with delivering(settings_for(tmp_path, main=one.url), store):
        await until_delivered(store, "main")
    stop.set()
    await waiting
    assert all(told(one, book) == [EventKind.JOURNAL, EventKind.CLOSED] for book in range(1, BOOKS + 1))


async def test_what_a_stopped_scheduler_left_in_the_middle_is_not_done_twice(
    one: RunningGoobi, tmp_path: Path
) -> None:
    """The response to the request never arrived, so the next attempt checks first."""
    settings, store = settings_for(tmp_path, main=one.url), MemoryReports(ends("main", 1))
    one.goobi.faults.set(Fault(FaultKind.LOST, path="journal", times=1))
    away = _Forgetful(store.reports)
    async with delivering(settings, away):
        await eventually_async(lambda: _seen(one), what="a request")
    assert not [report for report in store.reports.values() if report.attempts]
    async with delivering(settings, store):
        await until_delivered(store, "main")
    assert told(one, 1) == [EventKind.JOURNAL, EventKind.CLOSED]


class _Forgetful(MemoryReports):
    """Nothing is written any more: the scheduler is killed before it could."""

    async def settle(self, report: Report) -> bool:
        await asyncio.Event().wait()
        return await super().settle(report)


async def _seen(server: RunningGoobi) -> Any:
    return [request for request in server.goobi.seen if request.fault is FaultKind.LOST]


async def test_nothing_is_sent_anywhere_without_installations(tmp_path: Path) -> None:
    store, stop = MemoryReports(ends("main")), asyncio.Event()
    reporter = Reporter(parse({}, "f"), store, SystemClock(), active_for=ACTIVE)
    await reporter.ticked()
    running = asyncio.create_task(reporter.run(stop))
    await asyncio.wait([running], timeout=0.1)
    stop.set()
    await running
    assert {one.state for one in store.reports.values()} == {ReportState.PENDING}

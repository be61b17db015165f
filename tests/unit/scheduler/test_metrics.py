"""What the scheduler counts and shows: jobs, queues, runners and its inbox, and only while it is active."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from prometheus_client import REGISTRY

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Topology
from taskmanager.model.control import Drain, Stop
from taskmanager.model.jobs import Attribution, Job, JobError, JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.states import Status
from taskmanager.ports.broker import Delivery
from taskmanager_scheduler.background.gauges import WAITING_REASONS, Gauges
from taskmanager_scheduler.background.sweeper import Sweeper, TicketSweep
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.decision_metrics import record_decision
from taskmanager_scheduler.decisions.error_kinds import ErrorKind, kind_of, new_error
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.inbox.in_hand import InHand
from taskmanager_scheduler.inbox.inbox_gauges import InboxGauges, WatchedInbox
from taskmanager_scheduler.metrics import begin, begin_installation
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.store import MemoryStore
from taskmanager_testing.waiting import eventually_async

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NOTE = Attribution(by="anna", at=NOW)
_numbers = count()


@pytest.fixture
def plugin() -> str:
    """A plugin that no other test has counted anything for."""
    return f"metrics-{next(_numbers)}"


def value(name: str, **labels: str) -> float | None:
    """One series of this process; None if there is none."""
    return REGISTRY.get_sample_value(f"taskmanager_{name}", labels)


def job(plugin: str, status: Status, number: int = 1, **fields: Any) -> Job:
    made = {"created": NOW, "queued_at": NOW, **fields}
    return Job(id=str(number), spec=JobSpec(plugin=plugin), client="c", status=status, priority=5, **made)


def error(kind: str, *, temporary: bool = False) -> JobError:
    return JobError(message="no", kind=kind, temporary=temporary)


def record(*pairs: tuple[Job | None, Job]) -> None:
    record_decision(Decision(jobs=pairs), 1)


# --- what is counted


def test_the_counters_of_a_plugin_begin_at_0_with_its_first_job(plugin: str) -> None:
    record((None, job(plugin, Status.STARTED)))

    assert value("jobs_submitted_total", plugin=plugin) == 1
    for outcome in ("done", "error", "cancelled"):
        assert value("jobs_finished_total", plugin=plugin, outcome=outcome) == 0
        assert value("job_duration_seconds_count", plugin=plugin, outcome=outcome) == 0
    assert [value("job_errors_total", plugin=plugin, kind=kind) for kind in ErrorKind] == [0] * len(ErrorKind)
    assert value("lease_expired_total", plugin=plugin) == 0
    assert value("tickets_remade_total", plugin=plugin, reason="owed") == 0
    for histogram in ("job_time_to_start_seconds", "job_attempts", "cancel_seconds"):
        assert value(f"{histogram}_count", plugin=plugin) == 0


def test_counters_without_a_plugin_begin_at_0_when_the_scheduler_starts() -> None:
    begin()
    begin_installation("vienna")

    assert value("dead_letters_total", reason="not believed") is not None
    assert value("transaction_retries_total", reason="collision") is not None
    assert value("retries_total", what="rabbitmq") is not None
    assert value("operation_jobs_total", action="cancel", outcome="refused") is not None
    assert value("goobi_reports_total", installation="vienna", kind="entry", outcome="given_up") == 0
    assert value("goobi_report_lag_seconds_count", installation="vienna", kind="callback") == 0


def test_the_time_to_the_first_start_is_counted_once_and_from_the_submission(plugin: str) -> None:
    waits = job(plugin, Status.STARTED, created=NOW - 7 * SECOND)
    runs = waits.model_copy(update={"status": Status.UPLOAD, "attempt": 1, "started_at": NOW + SECOND})
    again = runs.model_copy(update={"attempt": 2, "started_at": NOW + 60 * SECOND})

    record((waits, runs), (runs, again))

    assert value("job_time_to_start_seconds_count", plugin=plugin) == 1
    assert value("job_time_to_start_seconds_sum", plugin=plugin) == 8
    assert value("job_queue_wait_seconds_count", plugin=plugin) == 2


def test_clocks_that_differ_make_no_negative_time(plugin: str) -> None:
    early = job(plugin, Status.UPLOAD, created=NOW + SECOND, attempt=1, started_at=NOW)
    record((None, early))
    assert value("job_time_to_start_seconds_sum", plugin=plugin) == 0


def test_a_job_that_ends_counts_its_attempts_and_a_cancelled_one_how_long_it_took(plugin: str) -> None:
    runs = job(plugin, Status.PROCESSING, attempt=3, started_at=NOW, cancel=NOTE)
    ended = {"status": Status.CANCELLED, "finished": NOW + 2 * SECOND}

    record((runs, runs.model_copy(update=ended)))

    assert value("job_attempts_sum", plugin=plugin) == 3
    assert value("cancel_seconds_sum", plugin=plugin) == 2
    assert value("job_duration_seconds_sum", plugin=plugin, outcome="cancelled") == 2


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (error("Crash"), ErrorKind.CRASH),
        (error("RunnerLost"), ErrorKind.CRASH),
        (error("TimeLimit", temporary=True), ErrorKind.TIME_LIMIT),
        (error("MemoryLimit"), ErrorKind.MEMORY_LIMIT),
        (error("JobFailedError"), ErrorKind.REFUSED),
        (error("ToolFailedError"), ErrorKind.REFUSED),
        (error("GoobiAwayError", temporary=True), ErrorKind.TEMPORARY),
        (error("FileNotFoundError"), ErrorKind.FILES),
        (error("OSError"), ErrorKind.FILES),
        (error("ZeroDivisionError"), ErrorKind.DEFECT),
        (error("WhateverAPluginCallsIt"), ErrorKind.DEFECT),
    ],
)
def test_every_error_has_one_of_a_few_kinds(told: JobError, kind: ErrorKind) -> None:
    assert kind_of(told) is kind


def test_an_error_is_counted_once_whether_its_job_is_tried_again_or_not(plugin: str) -> None:
    runs = job(plugin, Status.PROCESSING, attempt=1, started_at=NOW)
    backs_off = runs.model_copy(update={"status": Status.STARTED, "error": error("OSError")})
    failed_again = backs_off.model_copy(update={"attempt": 2})
    crashed = runs.model_copy(update={"status": Status.STARTED, "crashes": 1})

    assert new_error(runs, backs_off) is ErrorKind.FILES
    assert new_error(backs_off, backs_off.model_copy(update={"priority": 9})) is None
    assert new_error(backs_off, failed_again) is ErrorKind.FILES
    assert new_error(None, failed_again) is ErrorKind.FILES
    assert new_error(runs, crashed) is ErrorKind.CRASH
    assert new_error(crashed, crashed.model_copy(update={"attempt": 2})) is None
    assert new_error(None, job(plugin, Status.CANCELLED, error=error("duplicate"))) is None

    record((runs, backs_off), (runs, crashed))
    assert value("job_errors_total", plugin=plugin, kind="files") == 1
    assert value("job_errors_total", plugin=plugin, kind="crash") == 1


# --- what is shown of plugins


def installed(name: str, *, stopped: bool = False, limit: int | None = None) -> InstalledPlugin:
    manifest = PluginManifest(name=name, title=name, job_type=name.upper())
    return InstalledPlugin(
        manifest=manifest,
        installed_at=NOW,
        stop=Stop(by="anna", at=NOW) if stopped else None,
        max_running=limit,
    )


def runner(plugin: str, number: int, **fields: Any) -> RunnerState:
    made: dict[str, Any] = {"slots": 2, "busy": 0, **fields}
    times = {"started_at": NOW, "last_heartbeat": NOW}
    return RunnerState(
        id=f"{plugin}-{number}",
        instance="i",
        plugin=plugin,
        host="h",
        version="1",
        transfers=1,
        **times,
        **made,
    )


class Shown:
    """The gauges over a store in memory."""

    def __init__(self, plugin: InstalledPlugin, *jobs: Job, runners: tuple[RunnerState, ...] = ()) -> None:
        self.active = True
        self.reader = FakeReader()
        self.reader.install(plugin)
        for number, one in enumerate(jobs):
            self.reader.put(one.model_copy(update={"id": str(number)}))
        self.reader.known_runners |= {known.id: known for known in runners}
        self.gauges = Gauges(self.reader, SetClock(NOW), SECOND, lambda: self.active)
        self._plugin = plugin.name

    async def gone(self) -> bool:
        """Whether nothing is shown of its plugin any more."""
        return value("jobs", plugin=self._plugin, status="STARTED") is None


async def test_jobs_that_wait_are_counted_by_what_keeps_them(plugin: str) -> None:
    later = NOW + SECOND
    shown = Shown(
        installed(plugin),
        job(plugin, Status.STARTED, queued_at=NOW - 90 * SECOND),
        job(plugin, Status.STARTED),
        job(plugin, Status.STARTED, queued_at=later, not_before=later, ticket_due=later),
        job(plugin, Status.PAUSED, held=NOTE),
        job(plugin, Status.PROCESSING),
        job(plugin, Status.DONE),
        runners=(runner(plugin, 1, slots=1, busy=1), runner(plugin, 2, alive=False)),
    )

    await shown.gauges.run_once()

    waiting = {one: value("queue_waiting_jobs", plugin=plugin, reason=one) for one in WAITING_REASONS}
    assert waiting == dict.fromkeys(WAITING_REASONS, 0) | {"paused": 1, "backing_off": 1, "no_free_slot": 2}
    assert value("queue_oldest_seconds", plugin=plugin) == 90
    assert value("jobs", plugin=plugin, status="DONE") == 1
    assert value("plugin_slots", plugin=plugin, state="busy") == 1
    assert value("plugin_slots", plugin=plugin, state="free") == 0
    states = [value("runners", plugin=plugin, state=one) for one in ("working", "drained", "lost")]
    assert states == [1, 0, 1]


@pytest.mark.parametrize(
    ("fields", "runners", "reason"),
    [
        ({"stopped": True}, {"slots": 2}, "plugin_stopped"),
        ({}, None, "no_runner"),
        ({}, {"drain": Drain(by="anna", at=NOW)}, "runners_drained"),
        ({"limit": 1}, {"busy": 1}, "limit_reached"),
        ({}, {"busy": 2}, "no_free_slot"),
        ({}, {"busy": 1}, "its_turn"),
    ],
)
async def test_what_keeps_the_jobs_of_a_plugin_is_what_its_pages_say(
    plugin: str, fields: dict[str, Any], runners: dict[str, Any] | None, reason: str
) -> None:
    working = [job(plugin, Status.PROCESSING)] if "limit" in fields else []
    known = () if runners is None else (runner(plugin, 1, **runners),)
    shown = Shown(installed(plugin, **fields), job(plugin, Status.STARTED), *working, runners=known)

    await shown.gauges.run_once()

    assert value("queue_waiting_jobs", plugin=plugin, reason=reason) == 1
    assert value("plugin_paused", plugin=plugin) == ("stopped" in fields)


async def test_a_scheduler_that_stands_by_shows_no_jobs_and_one_that_has_lost_the_inbox_no_longer(
    plugin: str,
) -> None:
    shown = Shown(installed(plugin), job(plugin, Status.STARTED), runners=(runner(plugin, 1),))
    shown.active = False
    await shown.gauges.run_once()
    before = value("jobs", plugin=plugin, status="STARTED")
    assert value("scheduler_active") == 0
    assert value("jobs_submitted_total", plugin=plugin) == 0, "its counters begin at 0 all the same"

    shown.active = True
    await shown.gauges.run_once()
    assert (before, value("jobs", plugin=plugin, status="STARTED")) == (None, 1)
    assert value("scheduler_active") == 1

    shown.active = False
    assert value("scheduler_active") == 0, "as soon as it is so, not at the next interval"
    await shown.gauges.run_once()
    gone = ("jobs", "status", "STARTED"), ("runners", "state", "working"), ("plugin_slots", "state", "free")
    assert [value(name, plugin=plugin, **{label: one}) for name, label, one in gone] == [None] * 3
    assert value("queue_oldest_seconds", plugin=plugin) is None


async def test_a_scheduler_that_has_lost_inbox_and_database_shows_nothing_stale(plugin: str) -> None:
    shown = Shown(installed(plugin), job(plugin, Status.STARTED))
    await shown.gauges.run_once()
    assert value("jobs", plugin=plugin, status="STARTED") == 1

    shown.active = shown.reader.available = False
    stop = asyncio.Event()
    running = asyncio.create_task(shown.gauges.run(stop))
    await eventually_async(shown.gone)
    stop.set()
    await running


async def test_a_plugin_s_queue_that_does_not_answer_is_shown_by_who_looks_at_it(plugin: str) -> None:
    store, publisher, topology, answers = MemoryStore(SetClock(NOW)), FakePublisher(), Topology(), True
    store.installed[plugin] = installed(plugin)

    async def waiting(_: str) -> int:
        if not answers:
            raise BrokerUnavailableError("RabbitMQ did not answer queue_declare")
        return 1

    async def nothing(*_: object) -> None:
        """Nothing is declared."""

    dispatcher = Dispatcher(publisher, topology, nothing)
    tickets = TicketSweep(store, dispatcher, SetClock(NOW), missing_after=SECOND, waiting_messages=waiting)
    sweeper = Sweeper(tickets, publisher, topology, scheduler="s", interval=timedelta(hours=1))
    await sweeper.run_once()
    assert value("plugin_queue_reachable", plugin=plugin) is None
    sweeper.ticked()
    await sweeper.run_once()
    assert value("plugin_queue_reachable", plugin=plugin) == 1
    answers = False
    await sweeper.run_once()
    assert value("plugin_queue_reachable", plugin=plugin) == 0
    assert value("inbox_active", partition="0") == 1
    sweeper.relieved()
    assert value("inbox_active", partition="0") == 0
    await sweeper.run_once()
    assert value("plugin_queue_reachable", plugin=plugin) is None


# --- the inbox


def delivery(tag: int, seconds_ago: float | None = None, generation: int = 1) -> Delivery:
    sent = None if seconds_ago is None else time.time() - seconds_ago
    return Delivery(b"", "key", tag, generation, sent_at=sent)


def test_what_is_in_hand_is_as_old_as_the_first_that_is_not_settled() -> None:
    in_hand, one, two = InHand(), delivery(1, 100), delivery(2, 50)
    assert (len(in_hand), in_hand.oldest_seconds()) == (0, 0)
    in_hand.arrived(one)
    in_hand.arrived(two)
    assert 100 <= in_hand.oldest_seconds() < 150
    in_hand.settled([one])
    in_hand.settled([one])
    assert (len(in_hand), 50 <= in_hand.oldest_seconds() < 100) == (1, True)
    in_hand.settled([two])
    in_hand.arrived(delivery(2, generation=2))
    assert 0 <= in_hand.oldest_seconds() < 50


@pytest.fixture
def inboxes() -> list[InHand]:
    """Of two partitions, with one message each."""
    made = [InHand(), InHand()]
    for one in made:
        one.arrived(delivery(1, 1000))
    return made


async def test_an_inbox_counts_what_waits_in_the_queue_and_in_hand_but_not_for_who_stands_by(
    inboxes: list[InHand],
) -> None:
    async def ready() -> int:
        return 40

    async def away() -> int:
        raise BrokerUnavailableError("not connected")

    first, second = inboxes
    await InboxGauges(
        [WatchedInbox(lambda: True, first, ready), WatchedInbox(lambda: False, second, away)], SECOND
    ).run_once()
    assert value("inbox_depth") == 41
    oldest = value("inbox_oldest_seconds")
    assert oldest is not None
    assert oldest >= 1000
    await InboxGauges(
        [WatchedInbox(lambda: True, first, away), WatchedInbox(lambda: True, second, away)], SECOND
    ).run_once()
    assert value("inbox_depth") == 2
    await InboxGauges([WatchedInbox(lambda: False, first, ready)], SECOND).run_once()
    assert (value("inbox_depth"), value("inbox_oldest_seconds")) == (0, 0)

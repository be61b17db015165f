"""Operations over many jobs: each page once, whoever dies; each job as by a single command."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.errors import BrokerUnavailableError, StoreUnavailableError
from taskmanager.messages import (
    Advanced,
    Changes,
    Claim,
    Command,
    CommandResult,
    Finished,
    Inbound,
    RunnerEvent,
    RunnerEvents,
    StartOperation,
    StopOperation,
    Submit,
    decode_changes,
    decode_tickets,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager.model.operations import FAILURES_KEPT, JobFilter, Operation, OperationState
from taskmanager.model.reasons import automatic
from taskmanager.model.states import Status, Tab
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.jobs.effects import AnswerGateway
from taskmanager_scheduler.jobs.english import english
from taskmanager_scheduler.operations import pages
from taskmanager_scheduler.operations import steps as module
from taskmanager_scheduler.operations.steps import Steps
from taskmanager_scheduler.operations.worker import OperationWorker
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.store import MemoryStore
from taskmanager_testing.waiting import LONG_SECONDS, eventually_async

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 3
TOPOLOGY = Topology()


@pytest.fixture(autouse=True, params=[PAGE, 1], ids=["one page a step", "three pages a step"])
def page_jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker changes three jobs at a time, on one page or on three."""
    monkeypatch.setattr(module, "PAGE_JOBS", request.param)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(autouse=True)
def _whole_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many pages are in a step must not follow from how slow this machine is."""
    monkeypatch.setattr(module, "STEP_LASTS", timedelta(hours=1))


@pytest.fixture
def store(clock: SetClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def worker(store: MemoryStore, publisher: FakePublisher, clock: SetClock) -> OperationWorker:
    return make_worker(store, publisher, clock)


def make_worker(
    store: MemoryStore, publisher: FakePublisher, clock: SetClock, urgent: Callable[[], bool] = lambda: False
) -> OperationWorker:
    """As a scheduler has it after its start."""

    async def declare(_: str) -> None:
        publisher.routable = True

    dispatcher = Dispatcher(publisher, TOPOLOGY, declare)
    return OperationWorker(store, dispatcher, clock, Steps(PAGE, urgent), active_for=timedelta(hours=1))


async def feed(store: MemoryStore, *messages: Inbound, now: datetime = NOW) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, now))


def submit(job: str, **spec: Any) -> Submit:
    return Submit(
        job=job, client="test", submitted_at=NOW, spec=JobSpec(**{"plugin": "noop", "title": job, **spec})
    )


def said(*events: RunnerEvent) -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner="r1", instance="a", events=events)


def command(order: StartOperation | StopOperation) -> Command:
    return Command(id=f"c-{order.type}", gateway="g", actor="anna", reason="urgent", at=NOW, order=order)


def start(action: JobAction = JobAction.PRIORITY, priority: int | None = 9, **chosen: Any) -> Command:
    wanted = priority if action is JobAction.PRIORITY else None
    chosen = {"plugin": "noop", **chosen}
    order = StartOperation(
        operation="op", action=action, priority=wanted, filter=JobFilter(**chosen), fingerprint="f"
    )
    return command(order)


def result(outcome: Decision) -> CommandResult:
    [found] = [effect.result for effect in outcome.effects if isinstance(effect, AnswerGateway)]
    return found


def tickets(publisher: FakePublisher) -> list[tuple[str, int, int]]:
    """Job, dispatch and priority of every ticket."""
    sent = [message for message in publisher.messages if message.exchange == TOPOLOGY.dispatch]
    found = [(decode_tickets(message.body).tickets, message.priority) for message in sent]
    return [(ticket.job, ticket.dispatch, priority) for tickets, priority in found for ticket in tickets]


async def work_off(worker: OperationWorker) -> None:
    async with asyncio.timeout(LONG_SECONDS):
        while await worker.run_once():
            pass


async def steps(worker: OperationWorker, number: int) -> None:
    for _ in range(number):
        await worker.run_once()


async def test_every_job_is_changed_once_beyond_one_page(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    await feed(store, *(submit(f"{number:02}") for number in range(10)), start())

    await work_off(worker)

    operation = store.operations["op"]
    assert (operation.state, operation.total, operation.done) == (OperationState.DONE, 10, 10)
    assert (operation.started, operation.finished, operation.open) == (NOW, NOW, False)
    assert {job.priority for job in store.jobs.values()} == {9}
    assert sorted(tickets(publisher)) == [(f"{number:02}", 2, 9) for number in range(10)]


async def test_while_something_is_urgent_a_step_is_one_page(
    store: MemoryStore, publisher: FakePublisher, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE_JOBS", 1)
    urgent = [True]
    worker = make_worker(store, publisher, clock, lambda: urgent[0])
    await feed(store, *(submit(f"{number}") for number in range(2 * PAGE)), start())

    await steps(worker, 1 + 2)
    assert store.operations["op"].done == 2
    urgent[0] = False
    await steps(worker, 1)
    assert store.operations["op"].done == 2 + PAGE
    await work_off(worker)
    assert [job for job, _, _ in tickets(publisher)] == [f"{number}" for number in range(2 * PAGE)]


async def test_while_a_step_is_stored_the_pages_of_the_next_one_are_read(
    store: MemoryStore, worker: OperationWorker
) -> None:
    await feed(store, *(submit(f"{number:02}") for number in range(2 * PAGE + 1)), start())

    await steps(worker, 1)
    assert not store.looked_ahead
    await steps(worker, 1)
    listing, page = store.operations["op"].listing, store.operations["op"].page
    assert store.looked_ahead == {f"{listing}:{page + number}" for number in range(page)}
    await work_off(worker)
    assert store.looked_ahead == set(list(store.pages)[page:])


async def test_a_step_whose_look_ahead_fails_is_stored_and_its_tickets_are_sent(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: frozenset[str]) -> None:
        raise StoreUnavailableError("away")

    await feed(store, *(submit(f"{number}") for number in range(2 * PAGE)), start())
    await worker.run_once()
    with monkeypatch.context() as patched:
        patched.setattr(store, "look_ahead", fail)
        with pytest.raises(StoreUnavailableError):
            await worker.run_once()

    await work_off(worker)

    assert store.operations["op"].done == 2 * PAGE
    assert [job for job, _, _ in tickets(publisher)] == [f"{number}" for number in range(2 * PAGE)]


async def test_tickets_of_a_page_follow_those_before_without_waiting_for_their_confirms(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    """Jobs that the inbox queues meanwhile are shown behind the page and must not start before it."""
    await feed(store, *(submit(f"{number:02}") for number in range(2 * PAGE)), start())
    await worker.run_once()
    publisher.confirms.clear()

    await worker.run_once()
    second = asyncio.create_task(worker.run_once())

    async def all_published() -> bool:
        return len(tickets(publisher)) == 2 * PAGE

    await eventually_async(all_published)
    assert not second.done()
    publisher.confirms.set()
    await second
    assert [job for job, _, _ in tickets(publisher)] == [f"{number:02}" for number in range(2 * PAGE)]


async def test_a_ticket_is_owed_by_the_operation_and_costs_the_job_no_second_write(
    store: MemoryStore, worker: OperationWorker
) -> None:
    await feed(store, submit("1"), start())

    await work_off(worker)

    job = store.jobs["1"]
    assert (job.dispatch, job.ticket_due, job.rev) == (2, None, 2)


async def test_jobs_stored_later_are_left_alone(store: MemoryStore, worker: OperationWorker) -> None:
    await feed(store, submit("1"), start())
    await feed(store, submit("2"), now=NOW + timedelta(milliseconds=1))

    await work_off(worker)

    assert (store.jobs["1"].priority, store.jobs["2"].priority) == (9, 5)
    assert store.operations["op"].total == 1


async def test_what_is_so_already_and_what_cannot_be_done_is_counted_apart(
    store: MemoryStore, worker: OperationWorker
) -> None:
    ended = said(
        Claim(job="1", dispatch=1, claim_id="c"),
        Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING),
        Finished(job="1", attempt=1, seq=2, files=0, bytes=0),
    )
    await feed(store, submit("1"), submit("2", priority=9), submit("3"), ended, start())

    await work_off(worker)

    operation = store.operations["op"]
    assert (operation.done, operation.unchanged, operation.refused, operation.handled) == (1, 1, 1, 3)
    [failure] = store.failures.values()
    assert (failure.job, failure.number) == ("1", 1)
    assert "has ended (DONE)" in english(failure.told)


async def test_a_job_that_is_not_meant_any_more_is_refused(
    store: MemoryStore, worker: OperationWorker
) -> None:
    await feed(store, submit("1"), start(JobAction.CANCEL, status=Status.STARTED))
    await worker.run_once()
    await feed(store, said(Claim(job="1", dispatch=1, claim_id="c")))

    await work_off(worker)

    assert store.jobs["1"].cancel is None
    assert "the job is now WAITINGFORUPLOAD" in english(store.failures["op", 1].told)


async def test_a_running_job_is_told_and_a_waiting_one_cancelled_at_once(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    await feed(store, submit("1"), submit("2"), said(Claim(job="1", dispatch=1, claim_id="c")))
    await feed(store, start(JobAction.CANCEL, tab=Tab.QUEUE))

    await work_off(worker)

    assert (store.jobs["1"].cancelling, store.jobs["2"].status) == (True, Status.CANCELLED)
    assert TOPOLOGY.runner_key("noop", "r1") in {message.key for message in publisher.messages}
    assert store.statistics["noop", Tab.QUEUE].jobs == store.statistics["noop", Tab.ERROR].jobs == 1


async def test_a_retry_of_two_jobs_with_one_unique_key_lets_the_first_have_it(
    store: MemoryStore, worker: OperationWorker
) -> None:
    await feed(store, submit("1", unique="k"), submit("2", unique="k"))
    await feed(store, start(JobAction.CANCEL, tab=Tab.QUEUE))
    await work_off(worker)
    del store.operations["op"]

    await feed(store, start(JobAction.RETRY, tab=Tab.ERROR))
    await work_off(worker)

    assert Counter(job.status for job in store.jobs.values()) == {Status.STARTED: 1, Status.CANCELLED: 1}
    assert "holds its unique key" in english(store.failures["op", 1].told)


async def test_an_operation_that_means_no_job_is_done(store: MemoryStore, worker: OperationWorker) -> None:
    await feed(store, start())

    await work_off(worker)

    assert (store.operations["op"].state, store.operations["op"].total) == (OperationState.DONE, 0)


async def test_a_stop_leaves_the_rest_alone_and_sends_what_is_owed(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    await feed(store, *(submit(f"{number}") for number in range(9)), start())
    await steps(worker, 2)
    stopped = result(await feed(store, command(StopOperation(operation="op"))))
    again = result(await feed(store, command(StopOperation(operation="op"))))

    await work_off(worker)

    operation = store.operations["op"]
    assert (stopped.outcome, again.outcome) == ("done", "unchanged")
    assert (operation.state, operation.done, operation.open) == (OperationState.STOPPED, PAGE, False)
    assert operation.stop is not None
    assert Counter(job.priority for job in store.jobs.values()) == {9: PAGE, 5: 6}
    assert len(tickets(publisher)) == PAGE


async def test_what_is_done_cannot_be_stopped_and_what_never_was_is_unknown(
    store: MemoryStore, worker: OperationWorker
) -> None:
    await feed(store, start())
    await work_off(worker)

    done = result(await feed(store, command(StopOperation(operation="op"))))
    unknown = result(await feed(store, command(StopOperation(operation="other"))))

    assert (done.outcome, unknown.outcome) == ("refused", "unknown")


async def test_the_same_start_is_one_operation_and_another_one_is_refused(store: MemoryStore) -> None:
    first, again = [result(await feed(store, submit("1"), start())) for _ in range(2)]
    other = start()
    order = other.order.model_copy(update={"fingerprint": "g"})

    refused = result(await feed(store, other.model_copy(update={"order": order})))

    assert (first.outcome, again.outcome, refused.outcome) == ("done", "unchanged", "refused")


async def test_both_orders_are_in_the_audit(store: MemoryStore) -> None:
    await feed(store, start(), command(StopOperation(operation="op")))

    assert [(english(entry.asked), entry.plugin, entry.outcome) for entry in store.audit.values()] == [
        ("priority 9, operation op", "noop", "done"),
        ("stop operation op", "noop", "done"),
    ]


@pytest.mark.parametrize("dies_after", range(6))
async def test_a_scheduler_that_dies_after_any_step_leaves_no_page_out_and_does_none_twice(
    store: MemoryStore, clock: SetClock, publisher: FakePublisher, dies_after: int
) -> None:
    await feed(store, *(submit(f"{number:02}") for number in range(10)), start())
    await steps(make_worker(store, FakePublisher(), clock), dies_after)

    await work_off(make_worker(store, publisher, clock))

    operation = store.operations["op"]
    assert (operation.state, operation.total, operation.done) == (OperationState.DONE, 10, 10)
    assert {(job.priority, job.dispatch) for job in store.jobs.values()} == {(9, 2)}


async def test_two_schedulers_at_once_do_each_page_once(
    store: MemoryStore, clock: SetClock, publisher: FakePublisher
) -> None:
    await feed(store, *(submit(f"{number:02}") for number in range(20)), start())
    workers = [make_worker(store, publisher, clock) for _ in range(2)]

    for _ in range(20):
        for worker in workers:
            await worker.run_once()

    operation = store.operations["op"]
    assert (operation.state, operation.done) == (OperationState.DONE, 20)
    assert {job.dispatch for job in store.jobs.values()} == {2}
    assert {job for job, _, _ in tickets(publisher)} == set(store.jobs)


async def test_a_page_another_scheduler_did_meanwhile_changes_nothing(store: MemoryStore) -> None:
    await feed(store, submit("1"), submit("2"), start())
    [operation] = await store.open_operations()
    listing = await store.list_jobs(operation, page=1)
    await store.apply(
        pages.needs_of_pages(operation, 1), lambda snapshot: pages.begin(snapshot, operation, listing, NOW)
    )
    [running] = await store.open_operations()

    async def page() -> Decision:
        return await store.apply(
            pages.needs_of_pages(running, 1),
            lambda snapshot: pages.work(snapshot, running, NOW, step=1, ticketed=0),
        )

    first, second = await page(), await page()

    assert len(first.jobs) == 1
    assert second == Decision()
    assert store.operations["op"].done == 1


async def test_tickets_that_did_not_reach_their_queue_are_sent_again_before_the_end(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    await feed(store, *(submit(f"{number}") for number in range(4)), start())
    publisher.available = False
    await steps(worker, 2)
    with pytest.raises(BrokerUnavailableError):
        await worker.run_once()
    with pytest.raises(BrokerUnavailableError):
        await worker.run_once()
    assert store.operations["op"].open

    publisher.available = True
    await work_off(worker)

    assert store.operations["op"].state is OperationState.DONE
    assert {job for job, _, _ in tickets(publisher)} == set(store.jobs)


async def test_a_queue_that_is_gone_is_declared_again(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    await feed(store, submit("1"), start())
    publisher.routable = False
    await steps(worker, 2)
    with pytest.raises(BrokerUnavailableError):
        await worker.run_once()

    await work_off(worker)

    assert [job for job, _, _ in tickets(publisher)] == ["1"]


async def test_a_store_that_is_away_loses_nothing(store: MemoryStore, worker: OperationWorker) -> None:
    await feed(store, *(submit(f"{number}") for number in range(7)), start())
    await steps(worker, 2)
    store.away = True
    with pytest.raises(StoreUnavailableError):
        await worker.run_once()

    store.away = False
    await work_off(worker)

    assert store.operations["op"].done == 7


async def test_one_that_cannot_be_gone_on_with_does_not_stop_the_others(
    store: MemoryStore, worker: OperationWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feed(store, submit("1"), start())
    await worker.run_once()

    def fail(*_: object, **__: object) -> Decision:
        message = "nobody foresaw this"
        raise ValueError(message)

    monkeypatch.setattr("taskmanager_scheduler.operations.worker.work", fail)
    await worker.run_once()

    operation = store.operations["op"]
    assert (operation.state, operation.open) == (OperationState.STOPPED, False)
    assert operation.stop is not None
    assert operation.stop.why == automatic.DEFECT(error="nobody foresaw this")


async def test_the_list_of_failures_is_bounded_and_the_count_is_not(store: MemoryStore) -> None:
    await feed(store, submit("1"), start())
    known = Operation.model_validate(
        store.operations["op"].model_dump()
        | {"state": "running", "listing": "l", "pages": 1, "refused": FAILURES_KEPT}
    )
    store.operations["op"] = known
    store.pages["l:0"] = ("nobody",)

    await store.apply(
        pages.needs_of_pages(known, 1),
        lambda snapshot: pages.work(snapshot, known, NOW, step=1, ticketed=0),
    )

    assert store.failures == {}
    assert store.operations["op"].refused == FAILURES_KEPT + 1


async def test_gateways_hear_of_each_page_once(
    store: MemoryStore, worker: OperationWorker, publisher: FakePublisher
) -> None:
    await feed(store, *(submit(f"{number}") for number in range(5)), start())

    await work_off(worker)

    heard = [decode_changes(one.body) for one in publisher.messages if one.exchange == TOPOLOGY.hints]
    page_hints = [one for one in heard if isinstance(one, Changes) and one.jobs]
    assert [(len(one.jobs), one.plugins, one.operations, one.changes) for one in page_hints] == [
        (3, ("noop",), ("op",), ()),
        (2, ("noop",), ("op",), ()),
    ]


@pytest.mark.parametrize(
    ("action", "arrived"),
    [(JobAction.CANCEL, [(Tab.ERROR, 3), (Tab.ERROR, 2)]), (JobAction.PRIORITY, [])],
)
async def test_gateways_hear_into_which_tabs_jobs_came(
    store: MemoryStore,
    worker: OperationWorker,
    publisher: FakePublisher,
    action: JobAction,
    arrived: list[tuple[Tab, int]],
) -> None:
    await feed(store, *(submit(f"{number}") for number in range(5)), start(action))

    await work_off(worker)

    heard = [decode_changes(one.body) for one in publisher.messages if one.exchange == TOPOLOGY.hints]
    told = [each for one in heard if isinstance(one, Changes) and one.jobs for each in one.arrived]
    assert [(each.tab, each.jobs) for each in told] == arrived
    assert {each.plugin for each in told} <= {"noop"}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"project": "a"}, {"1"}),
        ({"process": 7}, {"2"}),
        ({"text": "ban"}, {"3"}),
        ({"priority_min": 7}, {"4"}),
        ({"priority_max": 4}, {"5"}),
        ({"priority_min": 5, "priority_max": 5}, {"1", "2", "3"}),
        ({"ids": ("1", "5", "9")}, {"1", "5"}),
        ({"created_before": NOW}, set()),
        ({"created_after": NOW}, set()),
        ({"created_after": NOW - timedelta(days=1)}, {"1", "2", "3", "4", "5"}),
        ({"status": Status.PAUSED}, set()),
    ],
)
async def test_a_filter_means_only_what_it_says(
    store: MemoryStore, worker: OperationWorker, chosen: dict[str, Any], expected: set[str]
) -> None:
    specs: list[dict[str, Any]] = [
        {"project": "a"},
        {"goobi": GoobiReference(process_id=7)},
        {"title": "Der Band"},
        {"priority": 8},
        {"priority": 2},
    ]
    await feed(store, *(submit(f"{number}", **spec) for number, spec in enumerate(specs, start=1)))
    await feed(store, start(JobAction.HOLD, **chosen))

    await work_off(worker)

    assert {job.id for job in store.jobs.values() if job.held} == expected


async def test_only_the_scheduler_that_has_the_inbox_works(
    store: MemoryStore, worker: OperationWorker
) -> None:
    await feed(store, submit("1"), start())
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await asyncio.sleep(0)
    assert store.operations["op"].state is OperationState.WAITING

    await worker.ticked()

    async def done() -> bool:
        return store.operations["op"].state is OperationState.DONE

    await eventually_async(done)
    stop.set()
    await running

"""The outbox keeps order and everything that matters, whatever the broker does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from taskmanager.messages import Claim, Commit, Finished, Heartbeat, Progressed, RunnerEvents, decode_inbox
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import Progress
from taskmanager_plugin_runner.messaging.outbox import BATCH_EVENTS, Outbox, OutboxEvent
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.waiting import eventually_async

SOON = timedelta(seconds=10)


@asynccontextmanager
async def running(publisher: FakePublisher) -> AsyncIterator[Outbox]:
    outbox = Outbox(publisher, Topology("t"), plugin="noop", runner="r1", instance="i")
    stop = asyncio.Event()
    task = asyncio.create_task(outbox.run(stop))
    try:
        yield outbox
    finally:
        stop.set()
        await task


def sent(publisher: FakePublisher) -> list[list[OutboxEvent]]:
    messages = [decode_inbox(message.body) for message in publisher.messages]
    return [list(message.events) for message in messages if isinstance(message, RunnerEvents)]


def finished(number: int) -> Finished:
    return Finished(job=f"job-{number}", attempt=1, seq=1, files=0, bytes=0)


def progressed(percent: int, job: str = "a") -> Progressed:
    return Progressed(job=job, attempt=1, seq=percent, progress=Progress(percent=percent))


async def test_a_lone_event_goes_at_once_and_says_who_sent_it() -> None:
    publisher = FakePublisher()
    async with running(publisher) as outbox:
        outbox.put(finished(1))
        assert await outbox.flush(SOON)
    message = publisher.messages[0]
    assert (message.exchange, message.key) == ("t.events", "noop.events")
    assert message.persistent
    assert message.mandatory
    decoded = decode_inbox(message.body)
    assert isinstance(decoded, RunnerEvents)
    assert (decoded.plugin, decoded.runner, decoded.instance) == ("noop", "r1", "i")


async def test_what_comes_while_a_confirm_is_awaited_goes_together_and_in_order() -> None:
    publisher = FakePublisher()
    publisher.confirms.clear()
    async with running(publisher) as outbox:
        outbox.put(finished(0))
        await eventually_async(_true(lambda: bool(publisher.messages)))
        for number in range(1, BATCH_EVENTS + 11):
            outbox.put(finished(number))
        publisher.confirms.set()
        assert await outbox.flush(SOON)
    batches = sent(publisher)
    assert [len(batch) for batch in batches] == [1, BATCH_EVENTS, 10]
    assert [event for batch in batches for event in batch] == [
        finished(number) for number in range(BATCH_EVENTS + 11)
    ]


async def test_events_wait_for_the_broker_and_none_is_lost() -> None:
    publisher = FakePublisher()
    publisher.available = False
    async with running(publisher) as outbox:
        for number in range(3):
            outbox.put(finished(number))
        assert not await outbox.flush(timedelta(milliseconds=50))
        publisher.available = True
        assert await outbox.flush(SOON)
    assert [event for batch in sent(publisher) for event in batch] == [
        finished(number) for number in range(3)
    ]


async def test_events_wait_for_a_topology_that_is_not_declared_yet() -> None:
    publisher = FakePublisher()
    publisher.routable = False
    async with running(publisher) as outbox:
        outbox.put(finished(1))
        assert not await outbox.flush(timedelta(milliseconds=50))
        publisher.routable = True
        assert await outbox.flush(SOON)


async def test_only_states_that_a_newer_one_replaces_are_dropped() -> None:
    publisher = FakePublisher()
    publisher.available = False
    async with running(publisher) as outbox:
        await asyncio.sleep(0)
        publisher.available = True
        publisher.confirms.clear()
        outbox.put(finished(0))
        await eventually_async(_true(lambda: bool(publisher.messages)))
        beat = Heartbeat(slots=1, busy=0, running=())
        events: list[OutboxEvent] = [
            progressed(1),
            progressed(1, "b"),
            beat,
            progressed(2),
            finished(1),
            beat,
            progressed(3),
        ]
        for event in events:
            outbox.put(event)
        publisher.confirms.set()
        assert await outbox.flush(SOON)
    assert sent(publisher)[1] == [progressed(1, "b"), finished(1), beat, progressed(3)]


async def test_a_question_that_still_waits_is_not_put_twice() -> None:
    publisher = FakePublisher()
    publisher.confirms.clear()
    claim = Claim(job="a", dispatch=1, claim_id="c")
    commit = Commit(job="a", attempt=1, seq=2)
    async with running(publisher) as outbox:
        outbox.put(finished(0))
        await eventually_async(_true(lambda: bool(publisher.messages)))
        questions: list[OutboxEvent] = [claim, commit, claim, commit]
        for event in questions:
            outbox.put(event)
        publisher.confirms.set()
        assert await outbox.flush(SOON)
        outbox.put(claim)
        assert await outbox.flush(SOON)
    assert sent(publisher)[1:] == [[claim, commit], [claim]]


def _true(look: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return look()

    return ask

"""The sender, the watcher and what runs both: tries, limits, faults of channels and of the store."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.conftest import installed, job

from taskmanager.channels.kinds import Channel
from taskmanager.errors import StoreUnavailableError, TemporaryError
from taskmanager.model.jobs import JobError
from taskmanager.model.notifications.deliveries import (
    A_MINUTE_MOST,
    GIVE_UP_AFTER,
    Delivery,
    DeliveryState,
    Notice,
)
from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import Pace, Rule
from taskmanager.model.states import Status
from taskmanager.ports.store import Plan
from taskmanager_scheduler.notifications.notifier import Notifier
from taskmanager_scheduler.notifications.sender import LONGEST_WAIT, Sender
from taskmanager_scheduler.notifications.watcher import SETTLED, Watcher
from taskmanager_testing.clock import SetClock
from taskmanager_testing.notifications import MemoryNotifications
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.waiting import eventually_async

from .samples import NOW, channels, event, rule

MINUTE = timedelta(minutes=1)


class Post:
    """Takes messages, or fails as the test wants."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []
        self.fails: Exception | None = None
        self.opens = asyncio.Event()
        self.opens.set()

    async def __call__(self, channel: Channel, delivery: Delivery, rule: Rule) -> str:
        del channel, rule
        await self.opens.wait()
        if self.fails is not None:
            raise self.fails
        self.sent.append(delivery)
        return "answered 200"


class House:
    """All of it over an outbox in memory, with a clock that stands still."""

    def __init__(self, folder: Path, *rules: Rule) -> None:
        self.outbox, self.post = MemoryNotifications(), Post()
        self.clock, self.reader = SetClock(NOW), FakeReader()
        hook = {"kind": "webhook", "url": "https://x.example.org/", "secret_file": str(folder / "secret")}
        self.sender = Sender(
            channels(folder, hook=hook), self.outbox, self.clock, post=self.post, chance=lambda: 0.0
        )
        self.watcher = Watcher(self.outbox, self.reader, self.clock, {})
        self.outbox.write(Plan(rules=rules))

    def notice(self, of: Rule, count: int, first: int = 0) -> None:
        events = [event(number) for number in range(first, first + count)]
        self.outbox.write(Plan(notices=[Notice.of(of, one, self.clock.now()) for one in events]))

    async def send(self, of: Rule) -> int:
        """How many messages went out."""
        before = len(self.post.sent)
        while await self.sender.run_once(of):
            pass
        return len(self.post.sent) - before

    async def look(self, after: timedelta) -> list[EventKind]:
        """What is noted by a look so long after the beginning."""
        before = set(self.outbox.notices)
        self.clock.moment = NOW + after
        await self.watcher.run_once(await self.outbox.rules())
        return [one.event.kind for key, one in self.outbox.notices.items() if key not in before]

    @property
    def only(self) -> Delivery:
        [found] = self.outbox.known_deliveries.values()
        return found


async def test_each_event_is_sent_once_and_its_outcome_kept(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule())
    house.notice(one, 3)
    assert await house.send(one) == 3
    assert await house.send(one) == 0
    kept = house.outbox.known_deliveries.values()
    assert {(one.state, one.attempts, one.last_answer) for one in kept} == {
        (DeliveryState.DELIVERED, 1, "answered 200")
    }
    house.notice(one, 3)  # the same events once more
    told = sorted(event.id for sent in house.post.sent for event in sent.events)
    assert told == sorted({event.id for sent in house.post.sent for event in sent.events})


async def test_what_fails_is_tried_again_with_the_same_id_and_content_after_growing_waits(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, one := rule())
    house.notice(one, 1)
    house.post.fails = TemporaryError("refused")
    waits = []
    for _ in range(20):
        assert await house.send(one) == 0
        assert house.only.last_answer == "refused"
        assert house.only.next_try is not None
        waits.append(house.only.next_try - house.clock.now())
        house.clock.moment = house.only.next_try
    assert waits == sorted(waits)
    assert waits[-1] <= LONGEST_WAIT
    first = house.only
    house.post.fails = None
    assert await house.send(one) == 1
    assert (house.post.sent[0].id, house.post.sent[0].events) == (first.id, first.events)


async def test_it_is_not_tried_before_its_time(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule())
    house.notice(one, 1)
    house.post.fails = TemporaryError("refused")
    await house.send(one)
    house.post.fails = None
    assert await house.send(one) == 0
    assert house.only.attempts == 1


async def test_it_is_given_up_in_the_end_and_says_why(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule())
    house.notice(one, 1)
    house.post.fails = TemporaryError("refused")
    await house.send(one)
    house.clock.moment = NOW + GIVE_UP_AFTER
    await house.send(one)
    assert (house.only.state, house.only.next_try) == (DeliveryState.GIVEN_UP, None)
    assert house.only.last_answer == "refused"
    house.post.fails = None
    house.clock.moment = NOW + 2 * GIVE_UP_AFTER
    assert await house.send(one) == 0


async def test_a_rule_whose_channel_is_gone_says_so_and_sends_when_it_is_back(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule(channel="gone"))
    house.notice(one, 1)
    assert await house.send(one) == 0
    assert "there is no channel 'gone'" in str(house.only.last_answer)
    house.clock.moment = NOW + MINUTE
    assert await house.send(one.model_copy(update={"channel": "hook"})) == 1


async def test_a_defect_in_one_message_is_kept_with_it(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule())
    house.notice(one, 1)
    house.post.fails = ZeroDivisionError("division by zero")
    assert await house.send(one) == 0
    assert house.only.last_answer == "a defect of the scheduler: ZeroDivisionError"


async def test_a_flood_is_sent_in_few_messages_and_loses_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule())
    told: list[str] = []
    for minute in range(5):
        house.clock.moment = NOW + minute * MINUTE + timedelta(milliseconds=minute)
        house.notice(one, 1_000, first=minute * 1_000)
        assert await house.send(one) <= A_MINUTE_MOST
    for minute in range(5, 20):
        house.clock.moment = NOW + minute * MINUTE + timedelta(milliseconds=minute)
        assert await house.send(one) <= A_MINUTE_MOST
    told = [event.id for sent in house.post.sent for event in sent.events]
    assert sorted(told) == sorted(event(number).id for number in range(5_000))


async def test_a_rule_that_gathers_sends_one_message_when_it_is_due(tmp_path: Path) -> None:
    house = House(tmp_path, one := rule(pace=Pace.INTERVAL, interval_minutes=30))
    house.notice(one, 25)
    assert await house.send(one) == 0
    house.clock.moment = NOW + 30 * MINUTE
    assert await house.send(one) == 1
    assert len(house.post.sent[0].events) == 25


def notifier_of(house: House) -> Notifier:
    """One that looks and sends without pause."""
    soon = timedelta(milliseconds=1)
    parts = house.outbox, house.watcher, house.sender, house.clock
    return Notifier(*parts, active_for=timedelta(hours=1), look=soon, send=soon)


def failed(number: int, at: datetime) -> Any:
    error = JobError(message="no space left", kind="OSError")
    return job(number, "jp2", status=Status.ERROR, finished=at, error=error)


async def test_the_first_look_tells_nothing_and_the_next_one_what_has_failed_since(tmp_path: Path) -> None:
    house = House(tmp_path, rule(), rule(id="other", plugins=("ocr",)))
    house.outbox.jobs = [failed(1, NOW - MINUTE)]
    assert await house.look(timedelta(0)) == []
    house.outbox.jobs.append(failed(2, NOW + timedelta(seconds=1)))
    assert await house.look(timedelta(seconds=1)) == []  # its transaction could be one of several
    assert await house.look(timedelta(seconds=1) + SETTLED) == [EventKind.JOB_FAILED]
    assert await house.look(timedelta(seconds=2) + SETTLED) == []
    assert [one.rule for one in house.outbox.notices.values()] == ["rule-1"]


async def test_more_failures_than_a_look_takes_are_told_by_the_next_ones(tmp_path: Path) -> None:
    house = House(tmp_path, rule())
    await house.look(timedelta(0))
    house.outbox.jobs = [failed(number, NOW + timedelta(seconds=1)) for number in range(1_200)]
    house.clock.moment = NOW + MINUTE
    rules = await house.outbox.rules()
    assert [await house.watcher.run_once(rules) for _ in range(3)] == [True, True, False]
    assert len(house.outbox.notices) == 1_200


async def test_without_a_rule_nothing_is_read_and_nobody_is_missed(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert await house.look(timedelta(0)) == []
    assert not house.reader.calls
    assert house.outbox.state is None
    house.outbox.write(Plan(rules=[rule(kinds=(EventKind.SCHEDULER_AWAY, EventKind.JOB_FAILED))]))
    house.outbox.jobs = [failed(1, NOW + MINUTE)]
    assert await house.look(timedelta(days=9)) == []
    assert await house.look(timedelta(days=9) + MINUTE) == []


async def test_another_scheduler_that_was_faster_leaves_nothing_to_tell_twice(tmp_path: Path) -> None:
    house = House(tmp_path, rule())
    await house.look(timedelta(0))
    other = Watcher(house.outbox, house.reader, house.clock, {})
    house.outbox.jobs = [failed(1, NOW + timedelta(seconds=1))]
    rules = await house.outbox.rules()
    await house.watcher.run_once(rules)
    house.clock.moment = NOW + MINUTE
    await asyncio.gather(other.run_once(rules), house.watcher.run_once(rules))
    await house.watcher.run_once(rules)
    assert len(house.outbox.notices) == 1


async def test_a_scheduler_that_comes_back_says_that_nobody_looked(tmp_path: Path) -> None:
    house = House(tmp_path, rule(kinds=(EventKind.SCHEDULER_AWAY,)))
    await house.look(timedelta(0))
    house.watcher.begin_anew()
    assert await house.look(10 * MINUTE) == [EventKind.SCHEDULER_AWAY]


async def test_a_scheduler_that_knew_no_rules_goes_on_where_another_one_looked_last(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.look(timedelta(0))
    house.outbox.write(Plan(rules=[rule()]))
    other = Watcher(house.outbox, house.reader, house.clock, {})
    await other.run_once(await house.outbox.rules())
    house.outbox.jobs = [failed(1, NOW + timedelta(seconds=1))]
    house.watcher.begin_anew()
    assert await house.look(MINUTE) == [EventKind.JOB_FAILED]


async def test_a_look_that_fails_loses_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, rule(kinds=(EventKind.PLUGIN_STOPPED,)))
    house.reader.install(installed("jp2"))
    await house.look(timedelta(0))
    house.reader.install(installed("jp2", paused=True))
    house.outbox.available = False
    rules: Sequence[Rule] = [rule(kinds=(EventKind.PLUGIN_STOPPED,))]
    house.watcher.begin_anew()
    with pytest.raises(StoreUnavailableError):
        await house.watcher.run_once(rules)
    house.outbox.available = True
    assert await house.look(MINUTE) == [EventKind.PLUGIN_STOPPED]


async def test_a_slow_channel_holds_up_no_other_rule_and_the_store_may_be_away(tmp_path: Path) -> None:
    slow, quick = rule(id="slow"), rule(id="quick")
    house = House(tmp_path, slow, quick)
    house.notice(slow, 1)
    house.post.opens.clear()
    notifier = notifier_of(house)
    stop = asyncio.Event()
    running = asyncio.create_task(notifier.run(stop))
    house.outbox.available = False
    notifier.ticked()
    await eventually_async(lambda: _true(house.outbox.state is None), what="it has begun")
    house.outbox.available = True
    await eventually_async(lambda: _true(bool(house.outbox.known_deliveries)), what="the slow one is at it")
    fast = Post()
    house.sender._post = fast
    house.notice(quick, 1)
    await eventually_async(lambda: _true(bool(fast.sent)), what="the quick one has sent")
    assert house.post.sent == []
    house.post.opens.set()
    await eventually_async(lambda: _true(bool(house.post.sent)), what="the slow one has sent")
    stop.set()
    await running


async def test_what_waits_for_a_rule_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    house = House(tmp_path, rule(id="known"))
    house.notice(rule(id="gone"), 2)
    notifier = notifier_of(house)
    stop = asyncio.Event()
    running = asyncio.create_task(notifier.run(stop))
    notifier.ticked()
    await eventually_async(lambda: _true(not house.outbox.notices), what="it is forgotten")
    assert [one.id for one in await house.outbox.rules()] == ["known"]
    stop.set()
    await running


async def test_who_is_not_responsible_does_nothing(tmp_path: Path) -> None:
    """While one that is responsible does much."""
    idle, busy = House(tmp_path, one := rule()), House(tmp_path, one)
    stop = asyncio.Event()
    running = []
    for house in (idle, busy):
        notifier = notifier_of(house)
        notifier.ticked()
        if house is idle:
            notifier.relieved()
        running.append(asyncio.create_task(notifier.run(stop)))
        house.notice(one, 1)
    for number in range(1, 10):
        await eventually_async(lambda: _true(len(busy.post.sent) == number), what="it sends")  # noqa: B023
        busy.notice(one, 1, first=number)
    assert idle.post.sent == []
    assert idle.outbox.state is None
    stop.set()
    await asyncio.gather(*running)


async def _true(value: bool) -> bool:
    return value

"""Every ticket is settled by the scheduler's answer or given back in time; no grant is lost."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from taskmanager.messages import Claim, Grant, HandedBack, Refusal, RefusalReason, Ticket
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.messaging import claims as module
from taskmanager_plugin_runner.messaging import open_lanes, questions
from taskmanager_plugin_runner.messaging.claims import Claims, Patience
from taskmanager_plugin_runner.messaging.granted import Granted
from taskmanager_testing.lanes import FakeLanes
from taskmanager_testing.waiting import eventually_async


class Box:
    def __init__(self) -> None:
        self.events: list[Any] = []
        self.unconfirmed: list[Callable[[], None]] = []

    def put(self, event: Any, confirmed: Callable[[], None] | None = None) -> None:
        self.events.append(event)
        if confirmed is not None:
            self.unconfirmed.append(confirmed)

    def confirm(self) -> None:
        """The inbox has everything that was sent."""
        told, self.unconfirmed = self.unconfirmed, []
        for confirmed in told:
            confirmed()

    @property
    def claims(self) -> list[Claim]:
        return [event for event in self.events if isinstance(event, Claim)]


@dataclass
class SetCapacity:
    """As if every slot had a place of its own, unless set otherwise."""

    slots: int
    now: int = 100
    ahead: int = 0


class Scene:
    def __init__(
        self,
        timeout: timedelta = timedelta(seconds=10),
        slots: int = 1,
        soon: timedelta = timedelta(milliseconds=50),
    ) -> None:
        self.lanes, self.box = FakeLanes(), Box()
        self.started: list[tuple[int, str]] = []
        self.bunches: list[tuple[int, Sequence[Granted]]] = []
        self.fitting = 1
        self.too_far = 0
        self.capacity = SetCapacity(slots)
        self.claims = Claims(self.lanes, self.box, self, self.capacity, Patience(timeout, soon), "noop")
        self.claims.on_too_far = self._note_too_far
        self.claims.admit(wanted=True)
        for lane in range(slots):
            self.claims.free(lane)

    def start(self, slot: int, granted: Granted) -> None:
        self.started.append((slot, granted.grant.job))

    def start_bunch(self, slot: int, granted: Sequence[Granted]) -> None:
        self.bunches.append((slot, granted))

    def _note_too_far(self) -> None:
        self.too_far += 1

    def ticket(self, job: str, dispatch: int = 1, priority: int = 5) -> bytes:
        body = Ticket(job=job, dispatch=dispatch).encode()
        self.lanes.put(body, priority=priority)
        return body

    def grant(self, claim: Claim, attempt: int = 1) -> Grant:
        grant = Grant(
            claim_id=claim.claim_id,
            job=claim.job,
            attempt=attempt,
            lease_seconds=60,
            spec=JobSpec(plugin="noop"),
        )
        self.claims.on_grant(grant)
        return grant

    def refuse(self, claim: Claim, reason: RefusalReason) -> None:
        self.claims.on_refusal(Refusal(claim_id=claim.claim_id, reason=reason))

    async def tries_until_dropped(self, body: bytes, job: str) -> int:
        """How often the job was asked for, being unknown each time."""
        asked = 0
        while body not in self.lanes.acked:
            claims = [claim for claim in self.box.claims if claim.job == job]
            if len(claims) > asked:
                asked += 1
                self.refuse(claims[-1], "unknown")
            else:
                await asyncio.sleep(0)
        return asked

    async def until(self, look: Any) -> None:
        async def ask() -> bool:
            return bool(look())

        await eventually_async(ask)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "REPEAT", timedelta(milliseconds=20))
    monkeypatch.setattr(open_lanes, "REST_SECONDS", (0.02, 0.03))
    monkeypatch.setattr(module, "LINGER", timedelta(milliseconds=20))
    monkeypatch.setattr(questions, "FIRST_UNKNOWN_SECONDS", 0.01)


async def test_a_granted_job_starts_once_and_its_ticket_is_acknowledged_when_it_ends_soon() -> None:
    scene = Scene()
    body = scene.ticket("a")
    scene.grant(scene.box.claims[0])
    assert scene.started == [(0, "a")]
    assert scene.lanes.unacknowledged == 1
    scene.claims.free(0)
    assert scene.lanes.acked == [body]
    assert scene.lanes.opened == {0}


@pytest.mark.usefixtures("quick")
async def test_the_ticket_of_a_long_job_is_acknowledged_soon_and_its_lane_closed() -> None:
    scene = Scene()
    body = scene.ticket("a")
    scene.grant(scene.box.claims[0])
    await scene.until(lambda: scene.lanes.acked == [body])
    assert scene.lanes.opened == set()
    scene.ticket("b")
    assert len(scene.box.claims) == 1
    scene.claims.free(0)
    assert [claim.job for claim in scene.box.claims] == ["a", "b"]


async def test_free_slots_take_the_highest_priority_first() -> None:
    scene = Scene(slots=0)
    for job, priority in [("low", 1), ("high", 9), ("middle", 5)]:
        scene.ticket(job, priority=priority)
    for lane in range(3):
        scene.claims.free(lane)
    assert [claim.job for claim in scene.box.claims] == ["high", "middle", "low"]


async def test_a_stale_ticket_is_dropped_and_the_next_one_taken() -> None:
    scene = Scene()
    first = scene.ticket("a")
    scene.ticket("b")
    scene.refuse(scene.box.claims[0], "stale")
    assert scene.lanes.acked == [first]
    assert [claim.job for claim in scene.box.claims] == ["a", "b"]


@pytest.mark.usefixtures("quick")
async def test_a_busy_plugin_gets_its_ticket_back_and_is_asked_again_after_a_rest() -> None:
    scene = Scene()
    body = scene.ticket("a")
    scene.refuse(scene.box.claims[0], "busy")
    assert scene.lanes.returned == [body]
    assert scene.lanes.opened == set()
    await scene.until(lambda: len(scene.box.claims) >= 2)


@pytest.mark.usefixtures("quick")
async def test_a_paused_plugin_takes_nothing_until_it_is_told_to() -> None:
    scene = Scene()
    scene.ticket("a")
    scene.refuse(scene.box.claims[0], "paused")
    assert scene.lanes.unacknowledged == 0
    await asyncio.sleep(0.1)  # longer than any rest
    assert scene.lanes.opened == set()
    scene.claims.admit(wanted=True)
    await scene.until(lambda: len(scene.box.claims) >= 2)


@pytest.mark.usefixtures("quick")
async def test_a_job_that_is_not_stored_yet_is_asked_for_again_with_the_ticket_kept() -> None:
    scene = Scene()
    scene.ticket("a")
    scene.refuse(scene.box.claims[0], "unknown")
    assert scene.lanes.unacknowledged == 1
    await scene.until(lambda: len(scene.box.claims) >= 2)
    scene.grant(scene.box.claims[-1])
    assert scene.started == [(0, "a")]


@pytest.mark.usefixtures("quick")
async def test_the_ticket_of_a_job_nobody_knows_is_dropped_after_a_bounded_number_of_tries() -> None:
    scene = Scene()
    body, behind = scene.ticket("nobody's"), scene.ticket("a")
    assert await scene.tries_until_dropped(body, "nobody's") == questions.UNKNOWN_TRIES
    assert scene.lanes.returned == []
    scene.grant(scene.box.claims[-1])
    assert scene.started == [(0, "a")]
    assert scene.lanes.waiting == []
    assert behind not in scene.lanes.acked


@pytest.mark.usefixtures("quick")
async def test_many_tickets_nobody_knows_are_given_up_sooner_until_there_is_a_grant() -> None:
    scene = Scene()

    async def tries(job: str) -> int:
        return await scene.tries_until_dropped(scene.ticket(job), job)

    assert [await tries(f"nobody's {number}") for number in range(5)] == [6, 5, 4, 3, 3]
    scene.ticket("a")
    scene.grant(scene.box.claims[-1])
    scene.claims.free(0)
    assert await tries("nobody's again") == 6


@pytest.mark.usefixtures("quick")
async def test_a_claim_without_an_answer_is_repeated_with_the_same_id_and_then_given_up() -> None:
    scene = Scene(timeout=timedelta(milliseconds=150))
    body = scene.ticket("a")
    await scene.until(lambda: scene.lanes.returned == [body])
    first = scene.box.claims[0].claim_id
    assert len([claim for claim in scene.box.claims if claim.claim_id == first]) > 2
    await scene.until(lambda: scene.box.claims[-1].claim_id != first)


@pytest.mark.usefixtures("quick")
async def test_a_grant_for_a_claim_that_was_given_up_is_handed_back() -> None:
    scene = Scene(timeout=timedelta(milliseconds=50))
    scene.ticket("a")
    await scene.until(lambda: scene.lanes.returned)
    scene.grant(scene.box.claims[0], attempt=3)
    assert HandedBack(job="a", attempt=3) in scene.box.events
    assert scene.started == []


async def test_a_grant_that_comes_twice_starts_the_job_once() -> None:
    scene = Scene()
    scene.ticket("a")
    grant = scene.grant(scene.box.claims[0])
    scene.claims.on_grant(grant)
    assert scene.started == [(0, "a")]
    assert not [event for event in scene.box.events if isinstance(event, HandedBack)]


async def test_a_ticket_that_comes_again_after_a_reconnect_keeps_its_claim() -> None:
    scene = Scene()
    body = scene.ticket("a")
    scene.lanes.reconnect()
    assert scene.claims.waiting == (scene.box.claims[0].claim_id,)
    scene.grant(scene.box.claims[0])
    scene.claims.free(0)
    assert scene.lanes.acked == [body]


async def test_another_ticket_for_a_busy_lane_is_given_back() -> None:
    scene = Scene()
    low = scene.ticket("a", priority=1)
    scene.grant(scene.box.claims[0])
    scene.lanes.reconnect()  # the lane is open still and gets the ticket again while the job runs
    assert low in scene.lanes.waiting
    assert scene.lanes.opened == set()
    scene.claims.free(0)
    assert len(scene.box.claims) == 2


async def test_a_slot_that_died_gives_its_ticket_back_at_once() -> None:
    scene = Scene()
    body = scene.ticket("a")
    scene.claims.withdraw(0)
    assert scene.lanes.returned == [body]
    assert scene.lanes.unacknowledged == 0
    scene.grant(scene.box.claims[0])
    assert HandedBack(job="a", attempt=1) in scene.box.events


async def test_at_the_end_every_ticket_without_a_grant_is_given_back() -> None:
    scene = Scene(slots=2)
    granted, waiting = scene.ticket("a"), scene.ticket("b")
    scene.grant(scene.box.claims[0])
    scene.claims.end()
    assert scene.lanes.acked == [granted]
    assert scene.lanes.returned == [waiting]
    assert scene.lanes.opened == set()


async def test_a_ticket_that_cannot_be_read_is_dropped() -> None:
    scene = Scene()
    scene.lanes.put(b"nonsense")
    assert scene.lanes.acked == [b"nonsense"]
    scene.ticket("a")
    assert [claim.job for claim in scene.box.claims] == ["a"]


def with_extra_process(now: int, ahead: int) -> Scene:
    """One slot with two processes, whose capacity is set."""
    scene = Scene(slots=2)
    scene.capacity.slots, scene.capacity.now, scene.capacity.ahead = 1, now, ahead
    scene.claims.review()
    return scene


async def test_no_more_lanes_are_open_than_jobs_may_begin() -> None:
    scene = with_extra_process(now=1, ahead=0)
    assert scene.lanes.opened == {0}
    scene.capacity.now = 0
    scene.claims.review()
    assert scene.lanes.opened == set()


async def test_a_place_is_never_left_idle_because_the_wrong_process_became_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LINGER", timedelta(0))
    scene = with_extra_process(now=1, ahead=0)
    scene.claims.withdraw(0)
    scene.claims.review()
    scene.ticket("a")
    scene.grant(scene.box.claims[0])
    assert scene.started == [(1, "a")]
    scene.capacity.now = 0
    scene.claims.free(0)
    await scene.until(lambda: not scene.lanes.opened)
    scene.capacity.now = 1  # the job is over, and nothing else says so than the process that is free
    scene.claims.free(1)
    assert len(scene.lanes.opened) == 1


async def test_a_lane_for_a_job_whose_input_is_brought_ahead_yields() -> None:
    scene = with_extra_process(now=0, ahead=1)
    assert (scene.lanes.opened, scene.lanes.yielding) == ({0}, {0})
    scene.capacity.now, scene.capacity.ahead = 1, 0
    scene.claims.review()
    assert (scene.lanes.opened, scene.lanes.yielding) == ({0}, set())


async def test_a_lane_that_has_asked_counts_before_one_that_has_not() -> None:
    scene = with_extra_process(now=0, ahead=2)
    scene.claims.withdraw(0)
    scene.ticket("a")
    assert [claim.job for claim in scene.box.claims] == ["a"]
    scene.capacity.ahead = 1
    scene.claims.free(0)
    assert 0 not in scene.lanes.opened
    scene.grant(scene.box.claims[0])
    assert scene.started == [(1, "a")]


async def test_a_refusal_of_what_would_be_brought_ahead_keeps_no_slot_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(open_lanes, "REST_SECONDS", (60.0, 60.0))
    scene = with_extra_process(now=0, ahead=1)
    scene.claims.withdraw(1)
    scene.ticket("a")
    scene.refuse(scene.box.claims[0], "busy")
    assert scene.lanes.opened == set()
    scene.capacity.now, scene.capacity.ahead = 1, 0
    scene.claims.free(1)
    assert [claim.job for claim in scene.box.claims] == ["a", "a"]
    assert scene.lanes.opened == {1}


async def test_a_process_that_becomes_free_takes_no_job_if_none_may_begin() -> None:
    scene = with_extra_process(now=1, ahead=0)
    scene.ticket("a")
    scene.grant(scene.box.claims[0])
    scene.capacity.now = 0
    scene.claims.free(0)
    scene.ticket("b")
    assert [claim.job for claim in scene.box.claims] == ["a"]
    scene.capacity.now = 1
    scene.claims.review()
    assert [claim.job for claim in scene.box.claims] == ["a", "b"]


async def test_what_was_claimed_ahead_begins_only_where_it_is_worked_on_at_once() -> None:
    scene = with_extra_process(now=1, ahead=1)
    scene.claims.look_ahead(4)
    scene.capacity.now = 0
    scene.ticket("a")
    scene.grant(scene.box.claims[0])
    assert scene.started == []
    scene.capacity.now = 1
    scene.claims.review()
    assert [job for _, job in scene.started] == ["a"]

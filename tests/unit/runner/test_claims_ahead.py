"""Jobs claimed ahead of the slots: begun by priority, or returned unbegun, their tickets in place."""

import asyncio
from datetime import timedelta

import pytest
from tests.unit.runner.test_claims import Scene

from taskmanager.messages import AttemptReference, HandedBack, Unclaimed
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging import claims as module
from taskmanager_plugin_runner.messaging.open_lanes import AHEAD

ROOM = 4
IMPATIENT = timedelta(milliseconds=10)


class Ahead(Scene):
    """One slot that is busy with job "first", and a lane for tickets ahead of it."""

    def __init__(self, soon: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(soon=soon)
        self.ticket("first")
        self.grant(self.box.claims[0])
        self.claims.look_ahead(ROOM)

    def granted(self, job: str, priority: int = 5) -> bytes:
        """The ticket of a job that is granted and waits for the slot."""
        body = self.ticket(job, priority=priority)
        self.grant(self.box.claims[-1])
        return body

    @property
    def returned(self) -> list[str]:
        return [event.job for event in self.box.events if isinstance(event, Unclaimed)]

    @property
    def jobs(self) -> list[str]:
        return [job for _, job in self.started]


async def test_more_tickets_are_taken_than_there_are_slots_and_only_by_the_lane_ahead() -> None:
    made = Ahead()
    made.claims.free(0)
    assert made.lanes.opened == {AHEAD}
    for number in range(10):
        made.ticket(f"job {number}")
    assert len(made.box.claims) == 1 + ROOM + 1
    assert made.lanes.unacknowledged == ROOM + 1


async def test_the_next_one_begins_as_soon_as_the_slot_is_free_and_its_ticket_is_used_up() -> None:
    made = Ahead()
    body = made.granted("second")
    assert made.jobs == ["first"]
    made.claims.free(0)
    assert made.jobs == ["first", "second"]
    assert body in made.lanes.acked
    assert made.lanes.opened == {AHEAD}


async def test_what_waits_for_a_slot_begins_by_priority_then_in_the_order_of_the_queue() -> None:
    made = Ahead()
    for job, priority in [("low", 1), ("middle", 5), ("high", 9), ("also high", 9)]:
        made.granted(job, priority)
    for _ in range(4):
        made.claims.free(0)
    assert made.jobs == ["first", "high", "also high", "middle", "low"]


async def test_a_job_begins_at_once_on_another_slot_that_is_free() -> None:
    made = Ahead()
    made.claims.free(1)
    made.granted("second")
    assert made.started == [(0, "first"), (1, "second")]


async def test_the_scheduler_is_told_of_what_waits_for_a_slot() -> None:
    made = Ahead()
    made.granted("second")
    assert made.claims.ahead == (AttemptReference(job="second", attempt=1),)


async def test_what_no_slot_could_begin_soon_is_returned_and_its_ticket_only_once_that_is_known() -> None:
    made = Ahead(soon=IMPATIENT)
    body = made.granted("second", priority=7)
    await made.until(lambda: made.returned)
    assert Unclaimed(job="second", attempt=1, turn=7) in made.box.events
    assert body not in made.lanes.returned
    assert AHEAD not in made.lanes.opened
    made.box.confirm()
    assert made.lanes.returned == [body]
    made.claims.free(0)
    assert made.jobs == ["first"], "its ticket has to be claimed again"
    assert made.box.claims[-1].job == "second"


async def test_the_runner_hears_that_it_claimed_too_far_ahead() -> None:
    made = Ahead(soon=IMPATIENT)
    made.granted("second")
    made.claims.admit(wanted=False)
    assert made.too_far == 0, "a stop says nothing about the length of jobs"
    made.claims.admit(wanted=True)
    made.box.confirm()
    made.grant(made.box.claims[-1])
    await made.until(lambda: made.too_far)
    assert made.too_far == 1


async def test_nothing_behind_a_returned_job_begins_before_it() -> None:
    made = Ahead(soon=IMPATIENT)
    bodies = [made.granted("second"), made.granted("third")]
    asked = made.ticket("fourth")
    await made.until(lambda: made.returned)
    made.grant(made.box.claims[-1])
    assert made.returned == ["second", "third", "fourth"]

    made.claims.free(0)
    assert made.lanes.opened == set(), (
        "until their tickets are back, the next one in the queue is a later one"
    )
    made.box.confirm()
    assert made.lanes.returned == [*bodies, asked]
    assert [claim.job for claim in made.box.claims[-3:]] == ["second", "third", "fourth"]
    assert made.jobs == ["first"]


async def test_when_its_ticket_is_lost_a_returned_job_gets_another_one() -> None:
    made = Ahead()
    made.granted("second")
    made.lanes.reconnect()
    made.claims.admit(wanted=False)
    assert HandedBack(job="second", attempt=1) in made.box.events
    assert made.returned == []


async def test_when_the_plugin_is_stopped_everything_that_has_not_begun_is_returned() -> None:
    made = Ahead()
    bodies = [made.granted("second"), made.granted("third")]
    made.claims.admit(wanted=False)
    assert made.returned == ["second", "third"]
    assert AHEAD not in made.lanes.opened
    made.box.confirm()
    assert sorted(made.lanes.returned) == sorted(bodies)
    made.claims.free(0)
    assert made.jobs == ["first"]


async def test_a_grant_that_comes_after_the_stop_is_returned() -> None:
    made = Ahead()
    made.ticket("second")
    made.claims.admit(wanted=False)
    made.grant(made.box.claims[-1])
    made.claims.free(0)
    assert made.returned == ["second"]
    assert made.jobs == ["first"]


async def test_what_began_late_says_so_before_anything_has_to_be_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soon = timedelta(seconds=30)
    made = Ahead(soon)
    made.granted("second")
    made.granted("third")
    late = 1.5 * soon.total_seconds()
    monkeypatch.setattr(module, "elapsed_seconds", lambda: elapsed_seconds() + late)
    made.claims.free(0)
    made.claims.free(0)
    assert made.jobs == ["first", "second", "third"]
    assert made.too_far == 1, "not more than once in a while"


async def test_nothing_that_waits_begins_while_an_order_may_be_on_its_way() -> None:
    made = Ahead()
    made.granted("second")
    made.claims.freeze()
    made.claims.free(0)
    assert made.jobs == ["first"]
    made.claims.admit(wanted=True)
    assert made.jobs == ["first", "second"]


async def test_a_job_that_is_cancelled_or_taken_away_before_it_began_never_begins() -> None:
    made = Ahead()
    cancelled, taken = made.granted("cancelled"), made.granted("taken")
    made.claims.recall(returned={("cancelled", 1)}, lost={("taken", 1)})
    made.box.confirm()
    assert made.returned == ["cancelled"]
    assert cancelled in made.lanes.returned
    assert taken in made.lanes.acked
    made.claims.free(0)
    assert made.jobs == ["first"]


async def test_a_busy_plugin_is_not_asked_ahead_for_a_while() -> None:
    made = Ahead()
    made.ticket("second")
    made.refuse(made.box.claims[-1], "busy")
    assert AHEAD not in made.lanes.opened
    assert made.claims.room == 0
    made.claims.look_ahead(ROOM)
    assert AHEAD not in made.lanes.opened


async def test_when_jobs_become_long_each_slot_takes_its_own_ticket_again() -> None:
    made = Ahead()
    made.claims.look_ahead(0)
    assert AHEAD not in made.lanes.opened
    made.claims.free(0)
    assert made.lanes.opened == {0}


async def test_at_the_end_nothing_is_kept() -> None:
    made = Ahead()
    made.granted("second")
    made.ticket("third")
    made.claims.end()
    made.box.confirm()
    assert made.lanes.unacknowledged == 0
    assert made.returned == ["second"]
    await asyncio.sleep(0)
    assert made.lanes.opened == set()

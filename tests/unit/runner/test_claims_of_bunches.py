"""Jobs claimed ahead begin several at a time on one slot; their tickets are kept until they have begun."""

import pytest
from tests.unit.runner.test_claims import Scene
from tests.unit.runner.tickets import ticket_delivery

from taskmanager.messages import AttemptReference, Grant, Unclaimed
from taskmanager.model.jobs import JobSpec
from taskmanager_plugin_runner.messaging.granted import Granted, GrantQueue
from taskmanager_plugin_runner.messaging.open_lanes import AHEAD

ROOM = 8


class Bunches(Scene):
    """One slot that is busy with job "first", and a lane for tickets ahead of it; three short jobs fit."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket("first")
        self.grant(self.box.claims[0])
        self.claims.look_ahead(ROOM)
        self.fitting = 3

    def granted(self, *jobs: str, priority: int = 5) -> list[bytes]:
        """The tickets of jobs that are granted and wait for the slot."""
        bodies = []
        for job in jobs:
            bodies.append(self.ticket(job, priority=priority))
            self.grant(self.box.claims[-1])
        return bodies

    @property
    def names(self) -> list[list[str]]:
        return [[one.grant.job for one in granted] for _, granted in self.bunches]

    @property
    def used_up(self) -> list[bytes]:
        """The tickets that are acknowledged, apart from that of the first job."""
        return self.lanes.acked[1:]

    @property
    def returned(self) -> list[str]:
        return [event.job for event in self.box.events if isinstance(event, Unclaimed)]


async def test_as_many_as_fit_begin_at_once_and_their_tickets_are_used_up_when_they_have_begun() -> None:
    made = Bunches()
    bodies = made.granted("a", "b", "c", "d")
    made.claims.free(0)
    assert made.names == [["a", "b", "c"]]
    assert made.used_up == []
    made.claims.over(made.bunches[0][1], ())
    assert made.used_up == bodies[:3]


async def test_what_is_granted_in_one_message_is_begun_together() -> None:
    made = Bunches()
    made.claims.free(0)
    with made.claims.gathering():
        made.granted("a", "b")
        assert made.bunches == []
    assert made.names == [["a", "b"]]


async def test_the_scheduler_is_told_of_all_that_a_slot_was_given() -> None:
    made = Bunches()
    made.granted("a", "b")
    made.claims.free(0)
    assert made.claims.ahead == tuple(AttemptReference(job=job, attempt=1) for job in "ab")
    made.claims.over(made.bunches[0][1], ())
    assert made.claims.ahead == ()


async def test_what_was_not_begun_is_next_before_what_came_later_and_behind_what_is_more_urgent() -> None:
    made = Bunches()
    made.granted("a", "b", "c", "d")
    made.granted("urgent", priority=9)
    made.claims.free(0)
    assert made.names == [["urgent", "a", "b"]]
    granted = made.bunches[0][1]
    made.claims.over(granted[:1], granted[1:])
    made.claims.free(0)
    assert made.names[1:] == [["a", "b", "c"]]


async def test_what_was_not_begun_when_the_plugin_is_stopped_is_returned_with_its_ticket() -> None:
    made = Bunches()
    bodies = made.granted("a", "b", "c")
    made.claims.free(0)
    made.claims.freeze()
    granted = made.bunches[0][1]
    made.claims.over(granted[:1], granted[1:])
    made.claims.free(0)
    assert len(made.bunches) == 1, "an order may be on its way"
    made.claims.admit(wanted=False)
    made.box.confirm()
    assert made.returned == ["b", "c"]
    assert sorted(made.lanes.returned) == sorted(bodies[1:])
    assert made.used_up == bodies[:1]


async def test_a_cancelled_job_that_was_not_begun_never_begins() -> None:
    made = Bunches()
    made.granted("a", "b", "c")
    made.claims.free(0)
    made.claims.freeze()
    granted = made.bunches[0][1]
    made.claims.over(granted[:1], granted[1:])
    made.claims.recall(returned={("b", 1)}, lost=())
    made.claims.admit(wanted=True)
    made.claims.free(0)
    assert made.returned == ["b"]
    assert made.names[1:] == [["c"]]


async def test_when_nothing_is_known_of_the_jobs_each_begins_on_its_own() -> None:
    made = Bunches()
    made.fitting = 1
    made.granted("a", "b")
    made.claims.free(0)
    assert made.started == [(0, "first"), (0, "a")]
    assert made.bunches == []


async def test_a_free_slot_with_a_lane_of_its_own_is_given_what_waits_and_the_lane_is_closed() -> None:
    made = Bunches()
    made.granted("a", "b")
    made.claims.free(0)
    assert made.lanes.opened == {AHEAD}


def waiting(job: str, *, template: str | None = None, source: str | None = None, number: int = 0) -> Granted:
    spec = JobSpec(plugin="noop", template=template, source=source)
    grant = Grant(claim_id="c", job=job, attempt=1, lease_seconds=60, spec=spec)
    return Granted(grant, ticket_delivery(), 0.0, 0.0, AHEAD, number)


@pytest.mark.parametrize(
    ("second", "together"),
    [
        (waiting("b", number=1), ["a", "b"]),
        (waiting("b", number=1, template="other"), ["a"]),
        (waiting("b", number=1, source="/in"), ["a"]),
        (waiting("../b", number=1), ["a"]),
    ],
)
def test_only_jobs_without_files_and_with_the_same_limits_are_told_at_once(
    second: Granted, together: list[str]
) -> None:
    queue = GrantQueue()
    queue.put(second)
    queue.put(waiting("a"))
    queue.put(waiting("c", number=2, template="third"))
    assert [one.grant.job for one in queue.pop(3)] == together


def test_jobs_with_files_begin_one_by_one() -> None:
    queue = GrantQueue()
    queue.put(waiting("a", source="/in"))
    queue.put(waiting("b", source="/in", number=1))
    assert [one.grant.job for one in queue.pop(3)] == ["a"]

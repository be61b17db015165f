"""Messages with several tickets: handed out one by one, settled as a whole, and no ticket lost on the way."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskmanager.messages import Ticket, TicketReference, Tickets, decode_tickets
from taskmanager_plugin_runner.messaging.ticket_blocks import TicketBlocks, TicketDelivery
from taskmanager_testing.lanes import FakeLanes

AHEAD, SLOT = -1, 0


def block(*jobs: str) -> bytes:
    return Tickets(tickets=tuple(TicketReference(job=job, dispatch=1) for job in jobs)).encode()


class Scene:
    """Keeps what is handed out."""

    def __init__(self) -> None:
        self.lanes = FakeLanes()
        self.blocks = TicketBlocks(self.lanes, "noop")
        self.blocks.on_ticket = lambda _, delivery: self.claimed.append(delivery)
        self.claimed: list[TicketDelivery] = []

    @property
    def jobs(self) -> list[str]:
        return [one.ticket.job for one in self.claimed]

    def take(self, job: str) -> TicketDelivery:
        (found,) = [one for one in self.claimed if one.ticket.job == job]
        self.claimed.remove(found)
        return found


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_lane_of_one_gets_the_next_ticket_of_a_block_only_if_the_one_before_was_of_no_use(
    scene: Scene,
) -> None:
    scene.blocks.open(SLOT)
    scene.lanes.put(block("a", "b", "c"))
    assert scene.jobs == ["a"]
    scene.blocks.drop(scene.take("a"))
    assert scene.jobs == ["b"]
    assert scene.lanes.unacknowledged == 1

    scene.blocks.close(SLOT)
    scene.blocks.use_up(scene.take("b"))
    assert scene.lanes.waiting == [block("a", "b", "c")]


def test_what_this_runner_used_up_itself_is_not_asked_for_when_the_rest_comes_again(scene: Scene) -> None:
    scene.blocks.open(SLOT)
    scene.lanes.put(block("a", "b"))
    scene.blocks.close(SLOT)
    scene.blocks.use_up(scene.take("a"))

    scene.blocks.open(SLOT)
    assert scene.jobs == ["b"]
    scene.blocks.close(SLOT)
    scene.blocks.use_up(scene.take("b"))
    assert scene.lanes.acked == [block("a", "b")]


def test_a_ticket_that_is_sent_again_is_asked_for_although_it_was_used_up_before(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 4)
    scene.lanes.put(block("a", "b"))
    for job in ("a", "b"):
        scene.blocks.use_up(scene.take(job))

    scene.lanes.put(Ticket(job="a", dispatch=1).encode())
    assert scene.jobs == ["a"], "after a restore the database may know nothing of its first start"


def test_a_lane_of_many_never_has_more_tickets_than_it_wants(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 3)
    scene.lanes.put(block(*"abcd"))
    assert scene.jobs == ["a", "b", "c"]
    scene.blocks.use_up(scene.take("b"))
    assert scene.jobs == ["a", "c", "d"]
    for job in "acd":
        scene.blocks.use_up(scene.take(job))
    assert scene.lanes.acked == [block(*"abcd")]


def test_a_block_goes_back_once_none_of_its_tickets_is_with_a_claim_any_more(scene: Scene) -> None:
    told: list[str] = []
    scene.blocks.open(AHEAD, 8)
    scene.lanes.put(block("a", "b", "c"))
    scene.blocks.close(AHEAD)

    scene.blocks.give_back(scene.take("b"), lambda: told.append("b"))
    scene.blocks.use_up(scene.take("a"))
    assert (scene.lanes.returned, told) == ([], [])
    scene.blocks.give_back(scene.take("c"), lambda: told.append("c"))
    assert scene.lanes.returned == [block("a", "b", "c")]
    assert told == ["b", "c"]


def test_closing_a_lane_returns_at_once_what_nobody_has_asked_for(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 2)
    scene.lanes.put(block("a", "b"))
    scene.lanes.put(block("c", "d"))
    assert scene.lanes.waiting == [block("c", "d")], "two tickets are one message of this size"
    scene.blocks.close(AHEAD)
    for job in "ab":
        scene.blocks.use_up(scene.take(job))
    assert scene.lanes.acked == [block("a", "b")]


def test_of_two_blocks_the_more_urgent_one_is_handed_out_first(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 16)
    scene.blocks.open(AHEAD, 3)  # the broker still allows three messages
    scene.lanes.put(block("a", "b"), priority=1)
    scene.lanes.sizes[AHEAD] = 3
    scene.lanes.put(block("c", "d"), priority=9)
    scene.lanes.put(block("e", "f"), priority=5)
    assert scene.jobs == ["a", "b", "c"]
    for job in "abc":
        scene.blocks.use_up(scene.take(job))
    assert scene.jobs == ["d", "e", "f"]


def test_tickets_of_a_lost_connection_are_nobodys_and_whoever_waits_for_them_is_told(scene: Scene) -> None:
    told: list[str] = []
    scene.blocks.open(AHEAD, 8)
    scene.lanes.put(block("a", "b"))
    first, second = scene.take("a"), scene.take("b")
    scene.lanes.reconnect()
    assert not scene.blocks.holds(first)

    scene.blocks.give_back(first, lambda: told.append("a"))
    scene.blocks.use_up(second)
    assert told == ["a"]
    assert scene.jobs == ["a", "b"]
    assert scene.lanes.unacknowledged == 1


def test_the_broker_is_asked_for_as_many_messages_as_hold_the_tickets(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 64)
    assert scene.lanes.sizes[AHEAD] == 64
    scene.lanes.put(block(*map(str, range(16))))
    assert scene.lanes.sizes[AHEAD] == 4
    for number in range(100):
        scene.lanes.put(Ticket(job=f"alone {number}", dispatch=1).encode())
        for delivery in list(scene.claimed):
            scene.claimed.remove(delivery)
            scene.blocks.use_up(delivery)
    assert scene.lanes.sizes[AHEAD] == 64


def test_messages_that_are_larger_than_expected_go_back_while_the_lane_closes(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 4)
    scene.lanes.put(block(*"abcd"))
    scene.lanes.sizes[AHEAD] = 4  # the broker has not heard of the smaller number yet
    scene.lanes.slow_to_close.add(AHEAD)
    scene.lanes.open(AHEAD, 2)
    scene.lanes.opened.discard(AHEAD)
    scene.lanes.on_ticket(AHEAD, scene.claimed[0])
    assert scene.lanes.returned == [block(*"abcd")]


def test_an_unreadable_message_is_dropped(scene: Scene) -> None:
    scene.blocks.open(AHEAD, 4)
    scene.lanes.put(b"{}")
    assert (scene.jobs, scene.lanes.acked) == ([], [b"{}"])


class EveryTicketIsSomewhere(RuleBasedStateMachine):
    """Whatever a runner does, a ticket that is not used up or dropped is still with the broker."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.scene.blocks.on_ticket = self.on_ticket
        self.wanted: dict[int, int] = {}
        self.made = 0
        self.open: set[str] = set()
        """Jobs whose tickets are neither used up nor dropped."""
        self.used: set[str] = set()
        self.waited = self.told = 0

    def on_ticket(self, lane: int, delivery: TicketDelivery) -> None:
        claimed = Counter(int(one.key) for one in self.held)
        assert claimed[lane] < max(1, self.wanted.get(lane, 0))
        assert delivery.ticket.job not in self.used
        self.scene.claimed.append(delivery)

    @property
    def held(self) -> list[TicketDelivery]:
        return [one for one in self.scene.claimed if self.scene.blocks.holds(one)]

    @rule(size=st.integers(1, 5), priority=st.integers(0, 3))
    def send(self, size: int, priority: int) -> None:
        jobs = [str(self.made + number) for number in range(size)]
        self.made += size
        self.open |= set(jobs)
        self.scene.lanes.put(block(*jobs), priority=priority)

    @rule(lane=st.sampled_from([AHEAD, SLOT, 1]), many=st.integers(2, 12))
    def want(self, lane: int, many: int) -> None:
        self.wanted[lane] = many if lane == AHEAD else 1
        self.scene.blocks.open(lane, self.wanted[lane])

    @rule(lane=st.sampled_from([AHEAD, SLOT, 1]))
    def want_nothing(self, lane: int) -> None:
        self.wanted[lane] = 0
        self.scene.blocks.close(lane)

    @precondition(lambda self: self.scene.claimed)
    @rule(data=st.data(), how=st.sampled_from(["use up", "drop", "give back"]))
    def settle(self, data: st.DataObject, how: str) -> None:
        delivery = data.draw(st.sampled_from(self.scene.claimed))
        self.scene.claimed.remove(delivery)
        blocks, held = self.scene.blocks, self.scene.blocks.holds(delivery)
        if how == "give back":
            self.want_nothing(int(delivery.key))
            self.waited += 1
            blocks.give_back(delivery, self.note)
            return
        job = delivery.ticket.job
        if how == "use up":
            self.open.discard(job)
            self.used |= set() if blocks.alone(delivery) else {job}
            blocks.use_up(delivery)
        else:
            self.open -= {job} if held else set()
            blocks.drop(delivery)

    def note(self) -> None:
        self.told += 1

    @rule()
    def reconnect(self) -> None:
        self.scene.lanes.reconnect()

    @invariant()
    def none_is_lost(self) -> None:
        bodies = [*self.scene.lanes.waiting, *self.scene.lanes.delivered]
        with_broker = {one.job for body in bodies for one in decode_tickets(body).tickets}
        assert self.open <= with_broker

    def teardown(self) -> None:
        """All ends well: with an open lane everything comes, and nothing is held in the end."""
        self.want(AHEAD, 12)
        while self.scene.claimed:
            delivery = self.scene.claimed.pop()
            if self.scene.blocks.holds(delivery):
                self.open.discard(delivery.ticket.job)
            self.scene.blocks.drop(delivery)
        assert not self.open
        assert not self.scene.lanes.waiting
        assert not self.scene.lanes.delivered
        assert self.told == self.waited


EveryTicketIsSomewhere.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_every_ticket_is_somewhere = EveryTicketIsSomewhere.TestCase

"""Places: no more plugins work than there are slots, in the order in which their attempts entered."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from taskmanager_plugin_runner.messaging.leases import Reference
from taskmanager_plugin_runner.pipeline.places import Places

A, B, C = ("a", 1), ("b", 1), ("c", 1)


def entered(count: int, *keys: Reference) -> Places:
    places = Places(count)
    for key in keys:
        places.enter(key)
    return places


async def test_the_next_one_gets_the_place_when_the_first_leaves() -> None:
    places = entered(1, A, B)
    assert places.take(A, 0).result() == 0
    waiting = places.take(B, 0)
    assert not waiting.done()
    places.leave(A)
    assert waiting.result() == 0


async def test_who_is_ready_goes_first_and_among_the_ready_who_entered_first() -> None:
    places = entered(1, A, B, C)
    places.take(A, 0)
    last = places.take(C, 0)
    second = places.take(B, 0)
    places.leave(A)
    assert second.done()
    assert not last.done()


async def test_a_process_keeps_the_place_of_its_number_if_it_can() -> None:
    places = entered(2, A, B)
    assert places.take(A, 1).result() == 1
    assert places.take(B, 1).result() == 0


async def test_only_what_enters_while_all_places_are_spoken_for_is_ahead_until_it_has_one() -> None:
    places = entered(1, A, B)
    assert list(places.ahead) == [B]
    places.take(A, 0)
    places.leave(A)
    assert list(places.ahead) == [B]  # its input may still be on its way
    places.take(B, 0)
    assert list(places.ahead) == []


async def test_who_leaves_while_it_waits_gets_none() -> None:
    places = entered(1, A, B, C)
    places.take(A, 0)
    gone, next_one = places.take(B, 0), places.take(C, 0)
    places.leave(B)
    places.leave(A)
    assert gone.cancelled()
    assert next_one.result() == 0


async def test_leaving_twice_frees_one_place() -> None:
    places = entered(1, A, B, C)
    places.take(A, 0)
    second, third = places.take(B, 0), places.take(C, 0)
    places.leave(A)
    places.leave(A)
    assert second.done()
    assert not third.done()


async def test_whoever_waits_for_a_place_is_ahead() -> None:
    places = entered(2, A, B, C)
    places.take(A, 0)
    places.take(C, 0)
    assert list(places.ahead) == []
    places.take(B, 0)
    assert list(places.ahead) == [B]


async def test_while_an_order_may_be_on_its_way_only_those_begin_that_did_not_begin_ahead() -> None:
    places = entered(2, A, B, C)
    places.freeze()
    ahead = places.take(C, 0)
    assert not ahead.done()
    assert places.take(B, 0).done()
    places.thaw()
    assert ahead.done()


async def test_whoever_wants_to_know_is_told_when_one_has_left() -> None:
    places, told = entered(1, A, B), list[int]()
    places.on_left = lambda: told.append(places.entered)
    places.leave(A)
    places.leave(A)
    assert told == [1]


async def test_a_place_is_not_lost_when_who_waited_was_stopped_meanwhile() -> None:
    places = entered(1, A, B)
    places.take(A, 0)
    waiting = places.take(B, 0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await waiting
    places.leave(A)
    places.leave(B)
    places.enter(C)
    assert places.take(C, 0).result() == 0


class PlacesMachine(RuleBasedStateMachine):
    """Attempts enter, take and leave in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.places = Places(3)
        self.taken: dict[Reference, asyncio.Future[int]] = {}
        self.inside: list[Reference] = []
        self.numbers = 0
        self.frozen = False

    @rule()
    def enter(self) -> None:
        self.numbers += 1
        key = (f"job {self.numbers}", 1)
        self.places.enter(key)
        self.inside.append(key)

    @rule(which=st.integers(0, 9), preferred=st.integers(0, 5))
    def take(self, which: int, preferred: int) -> None:
        ready = [key for key in self.inside if key not in self.taken]
        if ready:
            key = ready[which % len(ready)]
            self.taken[key] = self.loop.run_until_complete(self._take(key, preferred))

    async def _take(self, key: Reference, preferred: int) -> asyncio.Future[int]:
        return self.places.take(key, preferred)

    @rule(which=st.integers(0, 9))
    def leave(self, which: int) -> None:
        if self.inside:
            key = self.inside.pop(which % len(self.inside))
            self.taken.pop(key, None)
            self.places.leave(key)

    @rule(frozen=st.booleans())
    def order(self, frozen: bool) -> None:
        self.frozen = frozen
        (self.places.freeze if frozen else self.places.thaw)()

    @invariant()
    def each_place_has_one_at_most_and_none_is_idle_while_one_waits(self) -> None:
        held = [place.result() for place in self.taken.values() if place.done()]
        assert len(held) == len(set(held)) <= 3
        assert all(0 <= number < 3 for number in held)
        if len(held) < 3 and not self.frozen:
            assert all(place.done() for place in self.taken.values())

    @invariant()
    def all_that_are_inside_are_counted(self) -> None:
        assert self.places.entered == len(self.inside)

    def teardown(self) -> None:
        self.loop.close()


TestPlaces = PlacesMachine.TestCase

"""When the next input is brought ahead: not for short transfers, not too early, not if nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager_plugin_runner.pipeline.capacity import Capacity
from taskmanager_plugin_runner.pipeline.pace import MARGIN_SECONDS, NO_ROOM_SECONDS, WORTH_BYTES, Pace
from taskmanager_plugin_runner.pipeline.places import Places

NOW = 100.0
LEFT = st.none() | st.floats(0, 1000)


def pace(*, brought: float | None = None, placed: float | None = None, worked: float | None = None) -> Pace:
    made = Pace()
    if brought is not None:
        made.brought(brought)
    if placed is not None:
        made.placed(placed)
    if worked is not None:
        made.worked(worked)
    return made


@pytest.mark.parametrize(
    ("made", "worth"),
    [
        (pace(), False),
        (pace(brought=0.01, placed=0.01), False),
        (pace(brought=0.2), True),
        (pace(placed=0.2), True),
        (pace(brought=0.06, placed=0.06), True),
    ],
)
def test_it_is_worth_it_if_transfers_take_a_while(made: Pace, worth: bool) -> None:
    assert made.worth is worth
    assert made.jobs_ahead([0.0], NOW) == int(worth)


def test_an_input_that_comes_while_the_plugin_works_is_worth_it() -> None:
    small, large = Pace(), Pace()
    small.brought(0.0, WORTH_BYTES - 1)
    large.brought(0.0, WORTH_BYTES)
    assert (small.worth, large.worth) == (False, True)


def test_what_happened_last_counts_most() -> None:
    made = pace(brought=1.0)
    for _ in range(5):
        made.brought(0.0)
    assert not made.worth


@pytest.mark.parametrize(
    ("worked", "done", "total", "usual", "left"),
    [
        (10.0, 1, 4, None, 30.0),
        (10.0, 4, 4, 99.0, 0.0),
        (10.0, 0, 4, 15.0, 5.0),
        (10.0, 0, 0, 7.0, 0.0),
        (10.0, 0, 0, 4.0, None),
        (10.0, 0, 0, None, None),
        (10.0, 5, 4, 12.0, 2.0),
    ],
)
def test_the_time_left_is_taken_from_progress_or_else_from_other_jobs(
    worked: float, done: int, total: int, usual: float | None, left: float | None
) -> None:
    assert pace(worked=usual).time_left(worked, done, total) == left


def test_input_is_brought_no_earlier_than_it_should_take_and_a_margin() -> None:
    made, soon = pace(brought=5.0), 10.0 + MARGIN_SECONDS
    assert made.jobs_ahead([soon, soon + 0.1, None, 0.0], NOW) == 2


def test_after_there_was_no_room_nothing_is_brought_for_a_while() -> None:
    made = pace(brought=5.0)
    made.no_room(NOW)
    assert made.jobs_ahead([0.0], NOW + NO_ROOM_SECONDS - 1) == 0
    assert made.jobs_ahead([0.0], NOW + NO_ROOM_SECONDS) == 1


@dataclass
class AtWork:
    left: float | None

    def time_left(self, now: float) -> float | None:
        del now
        return self.left


def capacity(slots: int, entered: int, placing: int, left: Sequence[float | None], made: Pace) -> Capacity:
    places = Places(slots)
    for number in range(entered):
        places.enter((f"job {number}", 1))
    at_work = [AtWork(one) for one in left] + [AtWork(None)] * (entered + placing - len(left))
    return Capacity(places, made, lambda: at_work, lambda: NOW)


def both(made: Capacity) -> tuple[int, int]:
    return made.now, made.ahead


@pytest.mark.parametrize(
    ("entered", "placing", "left", "expected"),
    [
        (0, 0, [], (1, 0)),
        (1, 0, [None], (0, 0)),  # its input is on its way, or nobody knows how long it takes
        (1, 0, [1.0], (0, 1)),
        (1, 0, [1000.0], (0, 0)),
        (2, 0, [1.0], (0, 0)),  # one is ahead already
        (1, 1, [1.0], (0, 1)),
        (0, 1, [], (1, 0)),  # another may begin while results are placed
    ],
)
def test_a_slot_has_one_job_at_work_and_one_ahead(
    entered: int, placing: int, left: list[float | None], expected: tuple[int, int]
) -> None:
    assert both(capacity(1, entered, placing, left, pace(brought=1.0))) == expected


def test_with_short_transfers_a_slot_is_busy_until_the_end_of_its_job() -> None:
    assert both(capacity(1, 0, 1, [], pace(brought=0.01))) == (0, 0)
    assert both(capacity(2, 1, 0, [0.0], pace(brought=0.01))) == (1, 0)


@given(
    slots=st.integers(1, 8),
    placing=st.integers(0, 8),
    left=st.lists(LEFT, max_size=8),
    more=st.integers(0, 8),
)
def test_never_more_than_one_a_slot_is_ahead(
    slots: int, placing: int, left: list[float | None], more: int
) -> None:
    at_work = left[:slots]
    made = capacity(slots, len(at_work) + more, placing, at_work, pace(brought=1.0))
    now, ahead = both(made)
    assert now >= 0
    assert ahead >= 0
    if len(at_work) + more <= 2 * slots:
        assert len(at_work) + more + now + ahead <= 2 * slots

"""How far ahead a runner claims: as far as its slots can begin within a moment, and no further."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager_plugin_runner.messaging.horizon import (
    FORGOTTEN,
    LARGEST_BUNCH,
    LEAST,
    RECOVERY,
    Horizon,
)

MOST = 256
SOON = timedelta(milliseconds=50)
SECONDS = st.floats(min_value=0, max_value=3600)


def horizon(*seconds: float, slots: int = 2) -> Horizon:
    made = Horizon(slots, MOST, SOON)
    for one in seconds:
        made.ended(one, now=0.0)
    return made


def test_nothing_is_claimed_ahead_before_a_job_has_ended() -> None:
    assert horizon().room(0, now=0.0) == 0


def test_a_runner_that_may_claim_none_ahead_does_not() -> None:
    made = Horizon(2, 0, SOON)
    made.ended(0.001, now=0.0)
    assert made.room(0, now=0.0) == 0


@pytest.mark.parametrize(("seconds", "room"), [(0.0, 256), (0.002, 32), (0.02, 4), (0.05, 0), (10.0, 0)])
def test_the_shorter_the_jobs_the_more_are_claimed_ahead(seconds: float, room: int) -> None:
    assert horizon(seconds).room(0, now=0.0) == room


def test_one_long_job_among_short_ones_counts_for_a_long_time() -> None:
    made = horizon(*[0.001] * 100)
    assert made.room(0, now=0.0) > 0
    made.ended(1.0, now=0.0)
    for _ in range(100):
        made.ended(0.001, now=0.0)
    assert made.room(0, now=0.0) == 0


def test_a_job_that_is_still_running_counts_with_its_age() -> None:
    assert horizon(0.001).room(5.0, now=0.0) == 0


def test_what_was_too_far_is_halved_and_doubles_again_with_time() -> None:
    made = horizon(0.001, slots=8)
    second = RECOVERY.total_seconds()
    assert made.room(0, now=0.0) == 256
    made.too_far(now=0.0)
    assert made.room(0, now=0.0) == 128
    made.too_far(now=0.0)
    assert [made.room(0, now=now * second) for now in (0.5, 1.0, 2.0, 3.0)] == [64, 128, 256, 256]


def test_after_a_pause_nothing_is_known_of_the_next_jobs() -> None:
    later = FORGOTTEN.total_seconds() + 1
    made = horizon(0.001)
    assert made.room(0, now=later) == 0
    made.ended(5.0, now=later)
    made.ended(0.001, now=3 * later)
    assert made.room(0, now=3 * later) > 0


def test_one_slot_is_told_as_many_jobs_as_usually_take_a_moment() -> None:
    made = horizon(0.001)
    assert made.fitting(now=0.0) == 1, "nothing is claimed ahead yet"
    assert made.room(0, now=0.0) > 0
    for seconds, fitting in [(0.0, LARGEST_BUNCH), (0.0005, 10), (0.001, 5), (0.004, 1), (1.0, 1)]:
        for _ in range(200):
            made.worked(seconds)
        assert made.fitting(now=0.0) == fitting


def test_jobs_after_which_a_slot_always_stops_are_told_one_by_one_and_others_are_tried_again() -> None:
    made = horizon(0.0001)
    assert made.room(0, now=0.0) > 0
    assert made.fitting(now=0.0) == LARGEST_BUNCH
    made.bunch_ended(LARGEST_BUNCH, LARGEST_BUNCH, now=0.0)
    assert made.fitting(now=0.0) == LARGEST_BUNCH
    made.bunch_ended(1, LARGEST_BUNCH, now=0.0)
    second = RECOVERY.total_seconds()
    assert [made.fitting(now=now * second) for now in (0.5, 1.0, 2.0, 60.0)] == [1, 2, 4, LARGEST_BUNCH]
    made.bunch_ended(0, 4, now=0.0)
    assert made.fitting(now=0.0) == 1


def test_a_bunch_counts_with_the_mean_of_its_jobs() -> None:
    made, other = horizon(0.004), horizon(0.004)
    made.ended(0.001, now=0.0, jobs=50)
    for _ in range(50):
        other.ended(0.001, now=0.0)
    assert made.room(0, now=0.0) == other.room(0, now=0.0) > horizon(0.004).room(0, now=0.0)


@given(ended=st.lists(SECONDS, min_size=1), oldest=SECONDS, slots=st.integers(1, 64))
def test_what_is_claimed_ahead_is_begun_in_time_if_jobs_go_on_like_the_longest_of_late(
    ended: list[float], oldest: float, slots: int
) -> None:
    room = horizon(*ended, slots=slots).room(oldest, now=0.0)
    assert room == 0 or LEAST <= room <= MOST
    assert room * max(ended[-1], oldest) / slots <= SOON.total_seconds() * 1.001

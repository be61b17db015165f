"""The local end of a lease is never later than the scheduler's."""

from datetime import timedelta

from taskmanager_plugin_runner.messaging.leases import Leases

ONE = ("job", 1)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def leases(clock: Clock) -> Leases:
    made = Leases(timedelta(seconds=5), clock)
    made.granted(ONE, clock.now, 60)
    return made


def test_a_grant_counts_from_the_first_claim() -> None:
    clock = Clock()
    made = Leases(timedelta(seconds=5), clock)
    clock.now = 130.0
    made.granted(ONE, 100.0, 60)
    assert made.seconds_left(ONE) == 30


def test_a_renewal_counts_from_the_sending_of_the_heartbeat_less_one() -> None:
    clock = Clock()
    made = leases(clock)
    clock.now = 110.0
    made.asked()
    clock.now = 120.0
    made.renewed([ONE], 60)
    assert made.seconds_left(ONE) == 110 + 60 - 5 - 120


def test_an_answer_that_came_late_renews_from_its_question_and_a_second_one_nothing() -> None:
    clock = Clock()
    made = leases(clock)
    clock.now = 110.0
    made.asked()
    clock.now = 115.0
    made.asked()
    clock.now = 300.0  # the machine slept; both answers were waiting
    made.renewed([ONE], 60)
    made.renewed([ONE], 60)
    assert made.seconds_left(ONE) <= 0


def test_what_was_not_renewed_runs_out_and_what_is_unknown_is_over() -> None:
    clock = Clock()
    made = leases(clock)
    made.asked()
    made.renewed([], 60)
    clock.now = 160.0
    assert made.seconds_left(ONE) <= 0
    assert made.seconds_left(("other", 1)) <= 0
    made.ended(ONE)
    made.asked()
    made.renewed([ONE], 60)
    assert made.seconds_left(ONE) <= 0

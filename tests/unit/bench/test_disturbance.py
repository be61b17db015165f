"""A disturbed measurement is repeated while there is time, and the least disturbed one is reported."""

from tests.bench.disturbance import ATTEMPTS, Attempt, repeats, told, verdict
from tests.bench.report.figures import figure

PLENTY = 1e6


def attempt(others: float, rate: float = 100, seconds: float = 60) -> Attempt:
    return Attempt((figure("rate", rate, "jobs/s"),), others, seconds)


def test_an_undisturbed_part_is_measured_once() -> None:
    assert not repeats([attempt(others=2)], PLENTY)
    assert verdict("submit", attempt(others=2), again=False) == ""


def test_a_disturbed_part_is_measured_again_until_one_attempt_is_undisturbed() -> None:
    assert repeats([attempt(others=40)], PLENTY)
    assert not repeats([attempt(others=40), attempt(others=2)], PLENTY)


def test_repeats_are_bounded_in_number_and_by_the_time_that_is_left() -> None:
    assert not repeats([attempt(others=40)] * ATTEMPTS, PLENTY)
    assert not repeats([attempt(others=40, seconds=60)], seconds_left=59)


def test_whoever_measures_is_warned() -> None:
    assert verdict("submit", attempt(others=38.4), again=True) == (
        "warning: others used 38.4 % of the processors during submit: it is measured again"
    )
    assert verdict("submit", attempt(others=38.4), again=False).endswith("its figures are in doubt")


def test_the_least_disturbed_attempt_is_reported_with_the_disturbance_of_each() -> None:
    attempts = [attempt(40, rate=1), attempt(12, rate=2), attempt(30, rate=3)]
    rate, others, took = told("submit", attempts)

    assert rate.value == 2
    assert (others.name, others.value) == ("others_during_submit", 12)
    assert "3 times" in others.note
    assert "40, 12, 30 %" in others.note
    assert (took.name, took.runs) == ("took_submit", (60, 60, 60))


def test_a_disturbed_part_that_was_not_repeated_says_so() -> None:
    _, others, _ = told("submit", [attempt(others=40)])

    assert others.note == "disturbed, and not measured again"

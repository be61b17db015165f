"""How long a step of an operation may last, and so how many of its pages it has."""

from datetime import UTC, datetime

import pytest

from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution
from taskmanager.model.operations import JobFilter, Operation
from taskmanager_scheduler.operations.steps import STEP_LASTS, Steps

PAGES = 50


def operation(page: int = 0) -> Operation:
    """Over pages of a hundred jobs."""
    asked = Attribution(by="anna", at=datetime(2027, 1, 1, tzinfo=UTC))
    place = {"total": 100 * PAGES, "pages": PAGES, "page": page}
    return Operation(id="op", action=JobAction.HOLD, filter=JobFilter(), asked=asked, **place)


def steps(*, urgent: bool = False, pages_in_time: float | None = None) -> Steps:
    """Of at most five hundred jobs; so many pages of the last steps would have fitted into the time."""
    made = Steps(500, lambda: urgent)
    if pages_in_time is not None:
        made.took(200, 2 * STEP_LASTS.total_seconds() / pages_in_time)
    return made


@pytest.mark.parametrize(("pages_in_time", "expected"), [(None, 5), (20.5, 5), (3.5, 3), (1.5, 1), (0.1, 1)])
def test_a_step_has_as_many_pages_as_fit_into_the_time_and_the_limit(
    pages_in_time: float | None, expected: int
) -> None:
    assert steps(pages_in_time=pages_in_time).pages(operation()) == expected


def test_a_step_has_one_page_while_somebody_waits_whatever_it_takes() -> None:
    assert steps(urgent=True, pages_in_time=5.5).pages(operation()) == 1


def test_a_step_ends_with_its_operation() -> None:
    assert steps(pages_in_time=5.5).pages(operation(PAGES - 2)) == 2


def test_one_slow_step_makes_the_next_one_shorter_and_fast_ones_make_up_for_it() -> None:
    made = steps(pages_in_time=5.5)
    made.took(500, 10 * STEP_LASTS.total_seconds())
    shortened = made.pages(operation())
    for _ in range(20):
        made.took(100, STEP_LASTS.total_seconds() / 5.5)

    assert 1 <= shortened < 5
    assert made.pages(operation()) == 5


def test_a_step_without_jobs_tells_nothing() -> None:
    made = steps()
    made.took(0, 3.0)
    assert made.pages(operation()) == 5

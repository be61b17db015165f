"""What ends of jobs add to the figures of their hours, and what is read off them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.model.hourly_figures import Figures, power_of, total
from taskmanager.model.jobs import Job, JobError, JobSpec
from taskmanager.model.states import Status
from taskmanager_scheduler.decisions.hourly_figures import figures_of

HOUR = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def job(status: Status, **fields: Any) -> Job:
    made = {"created": HOUR, "queued_at": HOUR, "started_at": HOUR + timedelta(seconds=2), **fields}
    return Job(id="1", spec=JobSpec(plugin="noop"), client="c", status=status, priority=5, **made)


def test_each_end_counts_in_its_hour_and_what_changes_later_does_not() -> None:
    runs = job(Status.PROCESSING)
    done = job(Status.DONE, finished=HOUR + timedelta(seconds=5), files=3, bytes=7)
    failed = job(Status.ERROR, finished=HOUR + timedelta(minutes=61))
    cancelled = job(Status.CANCELLED, finished=HOUR, started_at=None)
    noted = done.model_copy(update={"rev": 9})

    first, second = figures_of([(runs, done), (runs, failed), (None, cancelled), (done, noted), (None, runs)])

    assert (first.hour, first.done, first.cancelled, first.files, first.bytes) == (HOUR, 1, 1, 3, 7)
    assert (first.waiting_seconds, first.running_seconds, first.longest_seconds) == (2, 3, 3)
    assert first.durations == {12: 1}
    assert (second.hour, second.failed, second.done) == (HOUR + timedelta(hours=1), 1, 0)
    assert second.durations == {}


def test_waiting_times_and_kinds_of_errors_are_counted() -> None:
    done = job(Status.DONE, finished=HOUR + timedelta(seconds=5))
    refused = JobError(message="bad", kind="JobFailedError")
    errors = [refused, refused, JobError(message="gone", kind="FileNotFoundError")]
    failed = [job(Status.ERROR, finished=HOUR, error=error) for error in errors]

    [found] = figures_of(
        (None, one) for one in (done, *failed, job(Status.CANCELLED, finished=HOUR, error=refused))
    )

    assert found.waits == {11: 1}
    assert found.wait(0.5) == 1.536
    assert found.errors == {"refused": 2, "files": 1}
    assert found.waits_known
    assert found.errors_known


def test_a_job_that_failed_again_within_one_group_counts_again() -> None:
    before = job(Status.ERROR, finished=HOUR)
    after = job(Status.ERROR, finished=HOUR + timedelta(seconds=1))

    assert [one.failed for one in figures_of([(before, after)])] == [1]


@pytest.mark.parametrize(
    ("milliseconds", "power"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (1023, 10), (1024, 11)]
)
def test_running_times_count_by_powers_of_two(milliseconds: int, power: int) -> None:
    assert power_of(timedelta(milliseconds=milliseconds)) == power


def test_the_median_and_the_last_ones_are_estimated_within_a_power_of_two() -> None:
    figures = Figures(done=100, longest_seconds=60, durations={10: 50, 11: 44, 17: 6})

    assert figures.duration(0.5) == 1.024
    assert figures.duration(0.25) == 0.768
    assert figures.duration(0.95) == 60
    assert Figures().duration(0.5) is None


def test_a_total_adds_up_and_keeps_the_longest() -> None:
    one, other = (
        Figures(done=1, longest_seconds=3, durations={5: 1}),
        Figures(done=2, failed=1, durations={5: 2}),
    )

    assert total([one, other]) == Figures(done=3, failed=1, longest_seconds=3, durations={5: 3})
    assert total([]) == Figures()

"""How many runners the waiting jobs need, and when that is acted on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.model.replicas import ScalingMode, Wish
from taskmanager_scheduler.replicas.auto import Patience, QueueLoad, Step, next_step

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
PATIENCE = Patience(wait=timedelta(seconds=30), cool_down=timedelta(minutes=5))
IDLE = QueueLoad(waiting=0, running=0, oldest=None, slots=2, free=2)
LONG_AGO = NOW - timedelta(seconds=30)
BUSY = QueueLoad(waiting=7, running=2, oldest=LONG_AGO, slots=2, free=0)


def wish(desired: int, lowest: int = 0, highest: int = 4) -> Wish:
    return Wish(mode=ScalingMode.AUTO, min=lowest, max=highest, desired=desired)


def step(desired: int, load: QueueLoad, since: datetime | None = None, lowest: int = 0) -> Step:
    return next_step(wish(desired, lowest), load, PATIENCE, NOW, since)


def test_the_first_runner_is_wanted_as_soon_as_a_job_waits() -> None:
    load = replace(IDLE, waiting=1, oldest=NOW, free=0)
    assert step(0, load).desired == 1


def test_there_are_as_many_as_can_be_kept_busy_within_the_limits() -> None:
    assert step(1, BUSY).desired == 4  # nine jobs for two slots each are five
    assert step(1, replace(BUSY, waiting=3)).desired == 3


@pytest.mark.parametrize(
    "load",
    [
        replace(BUSY, oldest=NOW - timedelta(seconds=29)),
        replace(BUSY, free=1),
        replace(BUSY, oldest=None),
    ],
)
def test_more_are_wanted_only_after_a_wait_without_a_free_slot(load: QueueLoad) -> None:
    assert step(1, load).desired == 1


def test_fewer_are_wanted_after_the_whole_cool_down() -> None:
    assert step(3, IDLE) == Step(3, NOW)
    assert step(3, IDLE, NOW - timedelta(minutes=4)) == Step(3, NOW - timedelta(minutes=4))
    assert step(3, IDLE, NOW - timedelta(minutes=5)) == Step(0)
    assert step(3, IDLE, NOW - timedelta(minutes=5), lowest=1) == Step(1)


def test_work_in_between_starts_the_cool_down_again() -> None:
    working = replace(IDLE, running=6, free=0)
    assert step(3, working, NOW - timedelta(minutes=4)) == Step(3)


def test_runners_that_work_are_kept_though_nothing_waits() -> None:
    assert step(3, replace(IDLE, running=5, free=1), NOW - timedelta(minutes=9)) == Step(3)


def test_what_runners_elsewhere_can_do_is_not_counted_twice() -> None:
    assert replace(BUSY, elsewhere=6).needed == 2
    assert replace(BUSY, elsewhere=60).needed == 0


def test_a_wish_outside_its_limits_is_brought_within() -> None:
    assert step(9, BUSY).desired == 4
    assert step(0, IDLE, lowest=2).desired == 2

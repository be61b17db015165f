"""The phases of a job as bars along its time."""

from datetime import timedelta

import pytest
from tests.unit.gateway.conftest import MOMENT, job

from taskmanager.model.jobs import HISTORY_LIMIT, HistoryEntry
from taskmanager.model.states import Status
from taskmanager_gateway.web.jobs.phases import NARROWEST, WIDTH, phases

NOW = MOMENT + timedelta(hours=1)


def entries(*stays: tuple[int, Status, int]) -> tuple[HistoryEntry, ...]:
    """Seconds after the submission, status and attempt of each."""
    return tuple(
        HistoryEntry(at=MOMENT + timedelta(seconds=at), status=status, attempt=attempt)
        for at, status, attempt in stays
    )


def test_a_job_that_is_done_shows_each_stay_and_the_time_in_each_status() -> None:
    history = entries(
        (0, Status.STARTED, 0),
        (10, Status.UPLOAD, 1),
        (20, Status.PROCESSING, 1),
        (40, Status.PROCESSING, 1),
        (80, Status.STARTED, 1),
        (90, Status.PROCESSING, 2),
        (100, Status.DONE, 2),
    )
    found = phases(job(1, status=Status.DONE, history=history), NOW)
    assert found is not None
    assert [(one.status, one.lasted.seconds, one.x, one.width) for one in found.bars] == [
        (Status.STARTED, 10, 0, 100),
        (Status.UPLOAD, 10, 100, 100),
        (Status.PROCESSING, 60, 200, 600),
        (Status.STARTED, 10, 800, 100),
        (Status.PROCESSING, 10, 900, 100),
    ]
    assert {status: lasted.seconds for status, lasted in found.sums} == {
        Status.STARTED: 20,
        Status.UPLOAD: 10,
        Status.PROCESSING: 70,
    }


def test_one_that_has_not_ended_goes_on_until_now_and_short_phases_are_seen() -> None:
    history = entries((0, Status.STARTED, 0), (3599, Status.UPLOAD, 1))
    found = phases(job(1, status=Status.UPLOAD, owner="r", history=history), NOW)
    assert found is not None
    assert found.bars[-1].lasted == timedelta(seconds=1)
    assert found.bars[-1].width == NARROWEST
    assert found.bars[-1].x + found.bars[-1].width <= WIDTH


@pytest.mark.parametrize(
    "history",
    [
        (),
        entries((0, Status.DONE, 1)),
        entries(*((second, Status.STARTED, second) for second in range(HISTORY_LIMIT))),
    ],
    ids=["not stored yet", "nothing took time", "entries were dropped"],
)
def test_what_the_history_does_not_tell_is_not_drawn(history: tuple[HistoryEntry, ...]) -> None:
    assert phases(job(1, status=Status.DONE, history=history), NOW) is None

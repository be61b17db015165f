"""Sending what has changed gives the same stored document as storing all of it."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.scheduler.scenes import JOB, at, claim, fail, submission, wanted

from taskmanager.messages import Advanced, Commit, Finished, Progressed, Unclaimed
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import HISTORY_LIMIT, Job, Progress, Warnings
from taskmanager.model.reasons import PROSE
from taskmanager.model.states import Status
from taskmanager.mongo.base.documents import to_document, update_of
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.in_sentences import in_sentences
from taskmanager_scheduler.jobs.events import Event
from taskmanager_scheduler.jobs.transitions import transition

WARNED = Warnings(count=2, texts=("a", "b"), reasons=(PROSE(text="a"), None))
ADVANCED = Advanced(job=JOB, attempt=1, seq=1, status=Status.PROCESSING, files=3, bytes=9)
DONE = Finished(job=JOB, attempt=1, seq=4, files=1, bytes=2, warnings=WARNED)


def stored(update: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The document after the update, as the database would have it."""
    after = {**copy.deepcopy(document), **update["$set"]}
    for name, pushed in update.get("$push", {}).items():
        after[name] = (*after[name], *pushed["$each"])
    return after


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Without what is left out instead of being empty, and with sequences of one type."""
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}
    return {name: value for name, value in listed.items() if name != "warned" or value is not None}


@pytest.mark.parametrize(
    "events",
    [
        (claim(), ADVANCED, Commit(job=JOB, attempt=1, seq=3), DONE),
        (claim(), ADVANCED, Progressed(job=JOB, attempt=1, seq=2, progress=Progress(percent=5))),
        (claim(), fail(1, 1, crashed=True), claim(2, "c2"), fail(2, 1, crashed=False)),
        (claim(), fail(1, 1, crashed=False), wanted(JobAction.RETRY), wanted(JobAction.CANCEL)),
        (
            wanted(JobAction.HOLD),
            wanted(JobAction.PRIORITY),
            wanted(JobAction.NEXT),
            wanted(JobAction.RELEASE),
        ),
        (claim(), wanted(JobAction.CANCEL), Unclaimed(job=JOB, attempt=1, turn=5)),
    ],
)
def test_an_update_makes_of_the_stored_document_that_of_the_changed_job(events: tuple[Event, ...]) -> None:
    first = transition(None, submission(), at()).job
    assert first is not None
    document, before = to_document(first), first
    for number, event in enumerate(events):
        after = transition(before, event, at(number)).job
        assert after is not None
        assert after is not before, event
        update = update_of(before, after)
        assert "history" not in update["$set"]
        document = stored(update, document)
        assert comparable(document) == comparable(to_document(after))
        before = after


def test_several_events_of_a_group_are_one_update_with_what_is_new() -> None:
    first = transition(None, submission(), at()).job
    assert first is not None
    granted = transition(first, claim(), at()).job
    ended = transition(transition(granted, ADVANCED, at()).job, DONE, at()).job or first

    update = update_of(first, ended)

    assert [entry["status"] for entry in update["$push"]["history"]["$each"]] == [
        one.status for one in ended.history[1:]
    ]
    assert comparable(stored(update, to_document(first))) == comparable(to_document(ended))


def test_a_full_history_is_sent_as_a_whole() -> None:
    before = transition(None, submission(), at()).job
    for number in range(HISTORY_LIMIT + 3):
        assert before is not None
        action = JobAction.RELEASE if number % 2 else JobAction.HOLD
        after = transition(before, wanted(action), at(number)).job
        assert after is not None
        update = update_of(before, after)
        assert ("$push" in update) == (len(before.history) < HISTORY_LIMIT)
        assert comparable(stored(update, to_document(before))) == comparable(to_document(after))
        before = after


def test_a_history_that_was_rewritten_is_sent_as_a_whole() -> None:
    before = transition(None, submission(), at()).job
    assert before is not None
    after = transition(before, claim(), at()).job
    assert after is not None
    ((_, spoken),) = in_sentences(Decision(jobs=[(before, after)])).jobs

    update = update_of(before, spoken)

    assert "$push" not in update
    assert comparable(stored(update, to_document(before))) == comparable(to_document(spoken))


def test_what_has_not_changed_is_not_sent() -> None:
    before = transition(None, submission(), at()).job
    assert before is not None
    assert update_of(before, before) == {"$set": {}}
    after: Job = before.model_copy(update={"lease": at().now + timedelta(seconds=1), "rev": 2})
    assert update_of(before, after) == {"$set": {"lease": after.lease, "rev": 2}}

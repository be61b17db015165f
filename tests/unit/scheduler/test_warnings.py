"""What a job keeps of the warnings and files of its attempts, and what Goobi is told of them."""

from datetime import UTC, datetime

import pytest
from tests.unit.goobi.reports import report
from tests.unit.scheduler.scenes import JOB, at, claim, fail, job_after, to_download

from taskmanager.messages import Failed, FilesRecorded, Finished
from taskmanager.model.jobs import FileRecord, FileState, Job, Warnings
from taskmanager.model.reports import Facts
from taskmanager_scheduler.decisions.attempt_records import stored_files
from taskmanager_scheduler.goobi.texts import filled, warnings
from taskmanager_scheduler.jobs.goobi_reports import WARNINGS_GIVEN, facts_of
from taskmanager_scheduler.jobs.transitions import transition

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TWO = Warnings(count=2, texts=("no profile", "cut"))
DONE = Finished(job=JOB, attempt=1, seq=4, files=3, bytes=12, warnings=TWO)
FAILED: Failed = fail(1, 4, crashed=False).model_copy(update={"warnings": TWO})


def kept(job: Job) -> tuple[int, tuple[str, ...]]:
    return job.warnings, job.warning_texts


@pytest.mark.parametrize("end", [DONE, FAILED, FAILED.model_copy(update={"crashed": True})])
def test_an_end_tells_what_its_attempt_warned_of(end: Finished | Failed) -> None:
    assert kept(job_after(*to_download(), end)) == (2, ("no profile", "cut"))


def test_the_next_attempt_begins_without_warnings() -> None:
    crashed = FAILED.model_copy(update={"crashed": True})
    again = job_after(*to_download(), crashed, claim(dispatch=2, claim_id="c2"))

    assert (again.attempt, *kept(again)) == (2, 0, ())


def test_a_late_end_of_an_old_attempt_changes_no_warnings() -> None:
    job = job_after(*to_download(), fail(1, 4, crashed=True), claim(dispatch=2, claim_id="c2"))

    assert transition(job, DONE, at()).job == job


def test_files_of_another_attempt_than_the_last_are_not_kept() -> None:
    job = job_after(*to_download(), fail(1, 4, crashed=True), claim(dispatch=2, claim_id="c2"))
    files = (FileRecord(name="a", state=FileState.DONE), FileRecord(name="b", state=FileState.DONE))
    old, new = (FilesRecorded(job=JOB, attempt=attempt, first=7, files=files) for attempt in (1, 2))

    assert stored_files(job, old, NOW) == []
    assert [(one.attempt, one.number, one.file.name) for one in stored_files(job, new, NOW)] == [
        (2, 7, "a"),
        (2, 8, "b"),
    ]
    assert stored_files(None, new, NOW) == []


def test_goobi_is_told_of_warnings_with_the_first_few() -> None:
    many = Warnings(count=57, texts=tuple(f"text {number}" for number in range(20)))
    facts = facts_of(job_after(*to_download(), DONE.model_copy(update={"warnings": many})))

    assert len(facts.warning_texts) == WARNINGS_GIVEN
    assert warnings(facts) == "57 warnings: text 0; text 1; text 2; and 54 more"


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "jp2: done."),
        ({"warnings": 1, "warning_texts": ("no\n profile",)}, "jp2: done. 1 warning: no profile"),
        ({"warnings": 2}, "jp2: done. 2 warnings"),
    ],
)
def test_an_entry_without_warnings_says_nothing_of_them(facts: dict[str, object], text: str) -> None:
    told = Facts.model_validate({"plugin": "jp2", **facts})

    assert filled("{plugin}: done. {warnings}", report().model_copy(update={"facts": told})) == text

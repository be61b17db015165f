"""Each check of a soak's commits can fail, and passes where nothing is wrong."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.soak.commits import History
from tests.soak.evidence import Commit, Verdict

JOB = "job-1"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def entry(status: str) -> dict[str, Any]:
    return {"at": NOW, "status": status, "attempt": 1, "note": "", "runner": None}


def document(status: str = "STARTED", **fields: Any) -> dict[str, Any]:
    tab = {"DONE": "done", "ERROR": "error", "CANCELLED": "error"}.get(status, "queue")
    return {
        "_id": JOB,
        "plugin": "soak",
        "status": status,
        "tab": tab,
        "attempt": 0,
        "dispatch": 1,
        "seq": 0,
        "rev": 1,
        "crashes": 0,
        "failures": 0,
        "owner": None,
        "progress": {"percent": 0},
        "history": [entry(status)],
        "error": None,
        "spec": {"unique": None},
        **fields,
    }


def granted(before: dict[str, Any], **fields: Any) -> dict[str, Any]:
    history = [*before["history"], entry("WAITINGFORUPLOAD")]
    attempt, rev = before["attempt"] + 1, before["rev"] + 1
    changed = {"attempt": attempt, "rev": rev, "owner": "r", "history": history, "seq": 0}
    return {**before, "status": "WAITINGFORUPLOAD", **changed, **fields}


def moved(before: dict[str, Any], *statuses: str, **fields: Any) -> dict[str, Any]:
    history = [*before["history"], *map(entry, statuses)]
    target = document(statuses[-1])
    changed = {"status": target["status"], "tab": target["tab"], "rev": before["rev"] + 1}
    return {**before, **changed, "history": history, **fields}


def judged(*documents: dict[str, Any], collection: str = "jobs") -> dict[str, Verdict]:
    """Each document stored in a transaction of its own."""
    return judged_together(*[[one] for one in documents], collection=collection)


def judged_together(*transactions: list[dict[str, Any]], collection: str = "jobs") -> dict[str, Verdict]:
    known: dict[tuple[str, str], dict[str, Any]] = {}
    commits = []
    for number, documents in enumerate(transactions):
        for one in documents:
            kind = one.get("collection", collection)
            before = known.get((kind, one["_id"]))
            commits.append(Commit(str(number), kind, one["_id"], before, one))
            known[kind, one["_id"]] = one
    history = History(3)
    history.read(commits)
    return {row.invariant: row for row in history.verdicts}


def broken(rows: dict[str, Verdict]) -> set[str]:
    return {name for name, row in rows.items() if row.violations}


def test_a_job_on_its_way_breaks_nothing() -> None:
    first = document()
    second = granted(first)
    third = moved(second, "PROCESSING", seq=1)
    fourth = moved(third, "DOWNLOAD", "DONE", seq=3, owner=None)
    rows = judged(first, second, third, fourth)
    assert broken(rows) == set()
    assert all(rows[name].checked for name in ("I3", "I4", "I6", "I9", "I13"))


@pytest.mark.parametrize("name", ["attempt", "dispatch"])
def test_a_number_that_shrinks_is_found(name: str) -> None:
    first = {**document(), name: 3}
    assert "I3" in broken(judged(first, {**first, name: 2, "rev": 2}))


def test_a_revision_that_stays_is_found() -> None:
    first = document()
    assert broken(judged(first, {**first, "priority": 3})) == {"I3"}


def test_a_seq_that_shrinks_within_an_attempt_is_found() -> None:
    first = granted(document(), seq=5)
    assert broken(judged(document(), first, {**first, "seq": 4, "rev": 9})) == {"I3"}


def test_a_change_of_a_done_job_is_found() -> None:
    done = document("DONE", history=[entry("STARTED")] * 3)
    assert "I4" in broken(judged(done, {**done, "rev": 2, "files": 9}))


def test_an_error_that_changes_without_a_retry_is_found() -> None:
    failed = document("ERROR")
    assert "I4" in broken(judged(failed, {**failed, "rev": 2}))


def test_a_retry_is_no_violation() -> None:
    first = granted(document())
    failed = moved(first, "ERROR", owner=None)
    again = moved(failed, "STARTED", dispatch=2)
    assert broken(judged(document(), first, failed, again)) == set()


def test_an_illegal_move_is_found() -> None:
    assert "I4" in broken(judged(document(), moved(document(), "DONE")))


def test_a_move_without_a_note_is_found() -> None:
    assert "I4" in broken(judged(document(), {**document(), "status": "PAUSED", "rev": 2}))


@pytest.mark.parametrize("changed", [{"seq": 7}, {"progress": {"percent": 50}}])
def test_an_old_attempts_word_that_counts_is_found(changed: dict[str, Any]) -> None:
    assert "I5" in broken(judged(document(), {**document(), **changed, "rev": 2}))


def test_a_second_start_by_one_dispatch_is_found() -> None:
    first = granted(document())
    back = moved(first, "STARTED", owner=None)
    assert "I6" in broken(judged(document(), first, back, granted(back)))
    assert "I6" not in broken(judged(document(), first, back, granted({**back, "dispatch": 2})))


def test_a_grant_given_back_in_the_same_transaction_is_no_second_start() -> None:
    first = document()
    second = {**granted(first, dispatch=2), "status": "STARTED", "owner": None}
    second["history"] = [*second["history"], entry("STARTED")]
    assert "I6" not in broken(judged(first, second, granted(second)))


def test_a_job_that_was_returned_unbegun_starts_again_with_the_same_dispatch() -> None:
    first = document()
    begun = granted(first)
    returned = moved(begun, "STARTED", owner=None)
    returned["history"][-1]["what"] = {"code": "history.unclaimed", "parameters": {"runner": "r"}}
    assert not broken(judged(first, begun, returned, granted(returned)))
    assert "I6" in broken(judged(first, begun, returned, granted(returned), granted(granted(returned))))


def plugin(stop: object) -> dict[str, Any]:
    return {"_id": "soak", "collection": "plugins", "stop": stop}


def test_a_grant_while_its_plugin_is_stopped_is_found() -> None:
    first = document()
    assert "I9" in broken(judged_together([first], [plugin({"by": "x"})], [granted(first)]))
    restarted = [plugin(None)]
    assert not broken(judged_together([first], [plugin({"by": "x"})], restarted, [granted(first)]))


def test_a_grant_stored_together_with_the_stop_is_left_open() -> None:
    first = document()
    assert not broken(judged_together([first], [granted(first), plugin({"by": "x"})]))


@pytest.mark.parametrize("fields", [{"crashes": 3}, {"failures": 3}])
def test_retries_without_a_bound_are_found(fields: dict[str, Any]) -> None:
    assert broken(judged(document(), {**document(), **fields, "rev": 2})) == {"I13"}


def test_a_temporary_failure_that_ends_a_job_too_early_is_found() -> None:
    temporary = {"kind": "TemporaryError", "temporary": True}
    for failures, found in ((0, True), (2, False)):
        first = granted(document(), failures=failures)
        failed = moved(first, "ERROR", owner=None, error=temporary)
        assert ("I13" in broken(judged(document(), first, failed))) is found


def test_two_active_jobs_with_one_key_are_found() -> None:
    first = document(spec={"unique": "k"})
    second = {**first, "_id": "job-2"}
    assert broken(judged(first, second)) == {"I15b"}
    ended = moved(first, "CANCELLED")
    assert broken(judged(first, ended, second)) == set()


def test_what_is_needed_elsewhere_is_kept() -> None:
    first = document()
    duplicate = document("CANCELLED", _id="job-2", error={"kind": "duplicate"})
    history = History(3)
    third = granted(first)
    commits = [
        Commit("1", "jobs", JOB, None, first),
        Commit("2", "jobs", "job-2", None, duplicate),
        Commit("3", "jobs", JOB, first, third),
        Commit("4", "jobs", JOB, third, moved(third, "ERROR", owner=None)),
    ]
    history.read(commits)
    assert history.granted == {(JOB, 1)}
    assert dict(history.ends) == {JOB: ["ERROR"]}

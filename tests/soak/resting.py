"""What must hold once the faults are over and everything has come to rest. Pure."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.soak.evidence import Document, Obeyed, Rest, Started, Submitted, Verdict

from taskmanager.model.states import Status

BULK_ACTOR = "bulk"
"""Names operations in the history of jobs."""
FINAL = {status.value for status in Status if status.final}
SUMS = ("jobs", "files", "bytes")


def kept(submissions: Iterable[Submitted], rest: Rest, forgotten: Container[str] = ()) -> Verdict:
    """Every id that was answered with 2xx, except those that a restored database cannot know."""
    verdict = Verdict("I1", "every accepted job exists and has ended")
    for job in sorted({one.job for one in submissions if one.job}):
        stored = rest.jobs.get(job)
        right = stored["status"] in FINAL if stored else job in forgotten
        verdict.check(right, f"{job}: {stored and stored['status']}")
    return verdict


def same_job(submissions: Iterable[Submitted]) -> Verdict:
    """All responses to one idempotency key name the same job."""
    verdict = Verdict("I15a", "the same idempotency key is the same job")
    by_key: dict[str, set[str]] = defaultdict(set)
    for one in submissions:
        if one.key and one.job and one.outcome != "duplicate":
            by_key[one.key].add(one.job)
    for key, jobs in by_key.items():
        verdict.check(len(jobs) == 1, f"{key}: {sorted(jobs)}")
    return verdict


def recounted(rest: Rest) -> Verdict:
    """The statistics against a recount of all jobs."""
    verdict = Verdict("I8", "the statistics equal a recount")
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for job in rest.jobs.values():
        counted[job["plugin"], job["tab"]].update(
            {"jobs": 1, "files": job["files"], "bytes": job["bytes"], f"{job['status']}": 1}
        )
    stored = {(one["plugin"], one["tab"]): _sums(one) for one in rest.statistics}
    for name in sorted({*counted, *stored}):
        mine, theirs = _nonzero(counted.get(name, {})), _nonzero(stored.get(name, {}))
        verdict.check(mine == theirs, f"{name}: recounted {mine}, stored {theirs}")
    return verdict


def _sums(document: Document) -> dict[str, int]:
    statuses: Mapping[str, int] = document.get("statuses", {})
    return {name: document.get(name, 0) for name in SUMS} | dict(statuses)


def _nonzero(numbers: Mapping[str, Any]) -> dict[str, int]:
    return {name: number for name, number in numbers.items() if number}


def reported(rest: Rest, ends: Mapping[str, Sequence[str]]) -> Verdict:
    """A report for each end of a job that came from Goobi, in order; their delivery is not checked here."""
    verdict = Verdict("I16", "every end of a Goobi job has its report, in order")
    stored: dict[str, list[Document]] = defaultdict(list)
    for report in rest.reports:
        if report["kind"] == "entry":  # each end has one; what else is told depends on the job
            stored[report["job"]].append(report)
    for job in rest.jobs.values():
        wanted = list(ends.get(job["_id"], ())) if job["spec"].get("goobi") else []
        found = [one["status"] for one in sorted(stored[job["_id"]], key=lambda report: report["seq"])]
        verdict.check(found == wanted, f"{job['_id']}: ended {wanted}, reports {found}")
    return verdict


def let_go(rest: Rest) -> Verdict:
    """No ticket is unacknowledged when there is nothing to do."""
    verdict = Verdict("I14", "no ticket stays unacknowledged")
    for queue, count in rest.unacknowledged.items():
        verdict.check(count == 0, f"{queue}: {count} unacknowledged")
    return verdict


def readable(dead_letters: int) -> Verdict:
    """Whatever was killed, no message became a dead letter."""
    verdict = Verdict("D", "no dead letters")
    verdict.check(dead_letters == 0, f"{dead_letters} dead letters")
    return verdict


def in_turn(started: Sequence[Started]) -> Verdict:
    """One free slot, no faults: by priority, then by the moment of queueing, then by id.

    Jobs that are claimed ahead may share the moment of a commit.
    """
    verdict = Verdict("I12", "with one slot jobs start in the order shown")
    order = sorted(started, key=lambda one: (one.started_at, _turn(one)))
    turns = [_turn(one) for one in order]
    for place, (turn, right) in enumerate(zip(turns, sorted(turns), strict=True), start=1):
        verdict.check(turn == right, f"{order[place - 1].job} started as number {place}: {turn}")
    return verdict


def _turn(one: Started) -> tuple[int, datetime, str]:
    return -one.priority, one.queued_at, one.job


def obeyed(commands: Iterable[Obeyed], rest: Rest, lost: Iterable[Rest] = ()) -> Verdict:
    """Every command that was answered with 2xx is stored with that outcome, and the last one is in effect.

    `lost`: the database as it was before each restore; a command may have been stored there only.
    """
    verdict = Verdict("C", "every answered command is in the audit and came true")
    outcomes: dict[str, set[str]] = defaultdict(set)
    for audit in (*(one.audit for one in lost), rest.audit):
        for entry in audit:
            outcomes[entry["_id"]].add(entry["outcome"])
    for command in commands:
        found = outcomes[command.command]
        right = command.outcome in found if command.outcome != "pending" else found
        verdict.check(right, f"{command}: the audit says {sorted(found) or None}")
    by_job: dict[str, list[str]] = defaultdict(list)
    for entry in sorted(rest.audit, key=lambda one: (one["at"], one["_id"])):
        if entry.get("job") and entry["outcome"] == "done":
            by_job[entry["job"]].append(entry["what"]["code"].removeprefix("deed."))
    for job, actions in by_job.items():
        _last_words(verdict, rest.jobs[job], actions)
    return verdict


def worked_off(operations: Iterable[str], rest: Rest, lost: Iterable[Rest] = ()) -> Verdict:
    """Every operation over many jobs that was answered with 2xx is done, and accounts for each job.

    `lost`: the database as it was before each restore; what was stored only there is not checked.
    """
    before = {name for one in lost for name in one.operations}
    verdict = Verdict("O", "every answered operation is done and accounts for all its jobs")
    for name in operations:
        stored = rest.operations.get(name)
        counted = sum(stored[part] for part in ("done", "unchanged", "refused")) if stored else None
        done = stored and stored["state"] == "done" and counted == stored["total"]
        right = done if stored else name in before
        verdict.check(
            right, f"{name}: {stored and stored['state']}, {counted} of {stored and stored['total']}"
        )
    return verdict


def _last_words(verdict: Verdict, job: Document, actions: Sequence[str]) -> None:
    if any(entry["what"]["parameters"].get("by") == BULK_ACTOR for entry in job.get("history", ())):
        return  # an operation had a word, too, and stands once in the audit for all its jobs
    decisive = [action for action in actions if action in {"cancel", "retry"}]
    if decisive and decisive[-1] == "cancel":
        ends = {"CANCELLED"} if job["spec"].get("destination") else {"CANCELLED", "DONE"}
        verdict.check(job["status"] in ends, f"{job['_id']} was cancelled but is {job['status']}")
    priorities = [action.split()[1] for action in actions if action.startswith("priority ")]
    if priorities:
        right = str(job["priority"]) == priorities[-1]
        verdict.check(right, f"{job['_id']} has priority {job['priority']}, last set {priorities[-1]}")

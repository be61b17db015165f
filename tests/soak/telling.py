"""Compares what Goobi was told with the stored reports and the state of their jobs. Pure."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import timedelta

from tests.soak.evidence import Document, Heard, Rest, Verdict

from taskmanager.model.reports import ReportKind, ReportState
from taskmanager.model.states import Status

ON_ITS_WAY = timedelta(seconds=1)
"""A request sent before the report was withdrawn may arrive this much later."""
TOUCHES = {ReportKind.CLOSE_STEP.value, ReportKind.ERROR_STEP.value}


def delivered(rest: Rest, heard: Iterable[Heard], otherwise: Container[str] = ()) -> Verdict:
    """Every valid report reached Goobi in the job's order; those that a retry made invalid did not.

    `otherwise`: jobs of which Goobi may have heard an end that was lost with the database; a step that was
    closed then stays closed.
    """
    verdict = Verdict("I16b", "Goobi was told all that holds, in order, and nothing that a retry made untrue")
    by_process: dict[int, list[Heard]] = defaultdict(list)
    for one in heard:
        by_process[one.process].append(one)
    by_job: dict[str, list[Document]] = defaultdict(list)
    for report in sorted(rest.reports, key=lambda one: one["seq"]):
        by_job[report["job"]].append(report)
    for name, job in rest.jobs.items():
        goobi = job["spec"].get("goobi")
        if goobi and by_job[name]:
            told = by_process[goobi["process_id"]]
            _one_job(verdict, job, by_job[name], told)
            if name not in otherwise:
                touches = [one.kind for one in told if one.kind in TOUCHES]
                verdict.check(
                    _ends_right(job["status"], touches), f"{name} is {job['status']}, its step: {touches}"
                )
    return verdict


def _one_job(verdict: Verdict, job: Document, reports: Sequence[Document], heard: Sequence[Heard]) -> None:
    withdrawn = [one for one in reports if one["state"] == ReportState.WITHDRAWN]
    open_ones = [f"{one['kind']} {one['state']}" for one in reports if not _settled(one)]
    verdict.check(not open_ones, f"{job['_id']}: {open_ones}")
    told = [one["kind"] for one in reports if one["state"] == ReportState.DELIVERED]
    kinds = [one.kind for one in heard]
    verdict.check(_in_order(told, kinds), f"{job['_id']}: delivered {told}, Goobi heard {kinds}")
    if withdrawn and ReportKind.ERROR_STEP not in told:
        until = max(one["withdrawn_at"] for one in withdrawn) + ON_ITS_WAY
        late = [one.at for one in heard if one.kind == ReportKind.ERROR_STEP and one.at > until]
        verdict.check(not late, f"{job['_id']}: an error that was withdrawn by {until} came at {late}")


def _settled(report: Document) -> object:
    """Told; or untrue before it was, which only an error of a step can become."""
    untrue = report["state"] == ReportState.WITHDRAWN and report["kind"] == ReportKind.ERROR_STEP
    return untrue or report["state"] == ReportState.DELIVERED


def _in_order(told: Sequence[str], heard: Sequence[str]) -> bool:
    """Each once at least, in that order; what may have been told is told again after a kill.

    Where that is in doubt the scheduler looks whether it is true already, so a later one may be missing: an
    entry, for attempts that failed alike are told of in the same words; an error of a step that still stands
    at the error of the attempt before.
    """
    needed: list[str] = []
    for kind in told:
        alike = needed if kind == ReportKind.ENTRY else [one for one in needed if one in TOUCHES][-1:]
        if kind not in alike:
            needed.append(kind)
    rest = iter(heard)
    return all(kind in rest for kind in needed)


def _ends_right(status: str, touches: Sequence[str]) -> bool:
    match status:
        case Status.DONE:
            return touches[-1:] == [ReportKind.CLOSE_STEP]
        case Status.ERROR:
            return touches[-1:] == [ReportKind.ERROR_STEP]
    return ReportKind.CLOSE_STEP not in touches

"""What Goobi was told, against the reports that are stored and what became of their jobs. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from tests.soak.evidence import Document, Heard, Rest, Verdict

from taskmanager.model.reports import ReportKind, ReportState
from taskmanager.model.states import Status

ON_ITS_WAY = timedelta(seconds=1)
"""A request that was sent before the report was withdrawn may arrive so much later."""
TOUCHES = {ReportKind.CLOSE_STEP.value, ReportKind.ERROR_STEP.value}


def delivered(rest: Rest, heard: Iterable[Heard]) -> Verdict:
    """All that holds reached Goobi in the order of the job; what a retry made untrue did not."""
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
            _one_job(verdict, job, by_job[name], by_process[goobi["process_id"]])
    return verdict


def _one_job(verdict: Verdict, job: Document, reports: Sequence[Document], heard: Sequence[Heard]) -> None:
    withdrawn = [one for one in reports if one["state"] == ReportState.WITHDRAWN]
    open_ones = [f"{one['kind']} {one['state']}" for one in reports if not _settled(one)]
    verdict.check(not open_ones, f"{job['_id']}: {open_ones}")
    told = [one["kind"] for one in reports if one["state"] == ReportState.DELIVERED]
    kinds = [one.kind for one in heard]
    verdict.check(_in_order(told, kinds), f"{job['_id']}: delivered {told}, Goobi heard {kinds}")
    touches = [kind for kind in kinds if kind in TOUCHES]
    verdict.check(
        _ends_right(job["status"], touches), f"{job['_id']} is {job['status']}, its step: {touches}"
    )
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

    A later entry may be missing: where it is in doubt whether an entry arrived, one of the same words counts
    as the entry, and attempts that failed alike are told of in the same words.
    """
    first = next((place for place, kind in enumerate(told) if kind == ReportKind.ENTRY), len(told))
    needed = [kind for place, kind in enumerate(told) if place <= first or kind != ReportKind.ENTRY]
    rest = iter(heard)
    return all(kind in rest for kind in needed)


def _ends_right(status: str, touches: Sequence[str]) -> bool:
    match status:
        case Status.DONE:
            return touches[-1:] == [ReportKind.CLOSE_STEP]
        case Status.ERROR:
            return touches[-1:] == [ReportKind.ERROR_STEP]
    return ReportKind.CLOSE_STEP not in touches

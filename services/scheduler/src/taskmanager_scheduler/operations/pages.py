"""The next pages of an operation: what becomes of their jobs, its counts and its position. Pure.

A job is judged and moved exactly as by a single command. The position and the counts change in the same
transaction as the jobs, so no page is done twice and none is skipped, whichever process dies.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from taskmanager.model.control import judge
from taskmanager.model.jobs import Attribution, Interruption, Job
from taskmanager.model.operations import FAILURES_KEPT, Failure, Listing, Operation, OperationState, page_key
from taskmanager.model.reasons import Reason, automatic
from taskmanager.ports.store import Needs, Snapshot
from taskmanager_scheduler.commands.jobs import change_job
from taskmanager_scheduler.decisions.decision import Decision, arrivals
from taskmanager_scheduler.decisions.group_state import GroupState
from taskmanager_scheduler.decisions.hourly_figures import figures_of
from taskmanager_scheduler.decisions.run_order import place_of
from taskmanager_scheduler.decisions.statistics import deltas
from taskmanager_scheduler.jobs.effects import SendTicket

RefusedJob = tuple[str, Reason | None]
"""A job and why it was refused."""


def needs_of_pages(operation: Operation, step: int) -> Needs:
    """What the operation's next pages refer to, `step` of them."""
    return Needs(operations=frozenset({operation.id}), pages=frozenset(_keys(operation, step)))


def pages_after(operation: Operation, step: int) -> frozenset[str]:
    """The keys of as many pages behind its next `step` pages, as far as there are so many."""
    return frozenset(_keys(operation, step, first=operation.page + step))


def _keys(operation: Operation, step: int, *, first: int | None = None) -> list[str]:
    """The keys of `step` pages from `first` on, by default from its next one on."""
    if operation.listing is None:
        return []
    begin = operation.page if first is None else first
    return [page_key(operation.listing, page) for page in range(begin, min(begin + step, operation.pages))]


def begin(snapshot: Snapshot, operation: Operation, listing: Listing, now: datetime) -> Decision:
    """Start an operation whose jobs are listed; without jobs it is done. No change if already started."""
    known = snapshot.operations.get(operation.id)
    if known is None or known.state is not OperationState.WAITING:
        return Decision()
    fields = {"started": now, "listing": listing.id, "pages": listing.pages, "total": listing.total}
    running = known.model_copy(update={**fields, "state": OperationState.RUNNING})
    return _only(known, _ended_if_through(running, now))


def work(snapshot: Snapshot, operation: Operation, now: datetime, *, step: int, ticketed: int) -> Decision:
    """Process the next `step` pages; no change if it was stopped or another scheduler did them.

    The tickets of the pages before `ticketed` are confirmed to be in their queues. Those of these pages are
    recorded only by the operation's position: the jobs themselves need no second write when they are sent.
    """
    known = snapshot.operations.get(operation.id)
    if known is None or known.state is not OperationState.RUNNING or known.page != operation.page:
        return Decision()
    group = GroupState(snapshot, now)
    ids = [one for key in _keys(known, step) for one in snapshot.pages.get(key, ())]
    counts, refusals = _change_all(group, known, ids)
    tickets = {effect.job for effect in group.effects if isinstance(effect, SendTicket)}
    sent = max(known.ticketed, ticketed)
    page = known.page + step
    place = {"page": page, "ticketed": page if not tickets and sent == known.page else sent}
    sums = {name: getattr(known, name) + counts[name] for name in ("done", "unchanged", "refused")}
    after = _ended_if_through(known.model_copy(update={**place, **sums}), now)
    return _decision(group, (known, after), _failures(known, refusals, now), tickets)


def settle(snapshot: Snapshot, operation: Operation, now: datetime, *, ticketed: int) -> Decision:
    """Record that all tickets are sent, which completes an operation that was stopped or has no page left."""
    known = snapshot.operations.get(operation.id)
    if known is None or known.page != operation.page or known.ticketed >= ticketed:
        return Decision()
    return _only(known, _ended_if_through(known.model_copy(update={"ticketed": ticketed}), now))


def give_up(snapshot: Snapshot, operation: Operation, now: datetime, why: Reason) -> Decision:
    """Stop an operation that cannot continue, so that it does not block all others."""
    known = snapshot.operations.get(operation.id)
    if known is None or not known.open:
        return Decision()
    note = Interruption(by=automatic.SCHEDULER, at=now, why=why)
    ended = {"state": OperationState.STOPPED, "stop": note, "finished": now, "ticketed": known.page}
    return _only(known, _next(known.model_copy(update=ended)))


def _change_all(
    group: GroupState, operation: Operation, ids: Sequence[str]
) -> tuple[Counter[str], list[RefusedJob]]:
    counts: Counter[str] = Counter()
    refusals: list[RefusedJob] = []
    note = Attribution(by=operation.asked.by, at=group.now, reason=operation.asked.reason)
    for job_id in _in_turn(group, ids):
        refusal = _refusal(group, operation, job_id)
        outcome, why = (
            ("refused", refusal)
            if refusal
            else change_job(group, job_id, operation.action, operation.priority, note)
        )
        counts["refused" if outcome == "unknown" else outcome] += 1
        if outcome in {"refused", "unknown"}:
            refusals.append((job_id, why))
    return counts, refusals


def _in_turn(group: GroupState, ids: Sequence[str]) -> list[str]:
    """In the order in which they start or last started, so that it is kept when queued; unknown jobs last."""
    known = sorted((group.jobs[one] for one in ids if one in group.jobs), key=place_of)
    return [*(job.id for job in known), *(one for one in ids if one not in group.jobs)]


def _refusal(group: GroupState, operation: Operation, job_id: str) -> Reason | None:
    """Why a job no longer fits the filter; None also if it already is as the action would make it."""
    job = group.jobs.get(job_id)
    if job is None or judge(job, operation.action, operation.priority).unchanged:
        return None
    return operation.filter.misfit(job)


def _failures(operation: Operation, refusals: Sequence[RefusedJob], now: datetime) -> list[Failure]:
    room = max(0, FAILURES_KEPT - operation.refused)
    return [
        Failure(operation=operation.id, number=number, job=job, why=why, at=now)
        for number, (job, why) in enumerate(refusals[:room], start=operation.refused + 1)
    ]


def _decision(
    group: GroupState, operation: tuple[Operation, Operation], failures: Sequence[Failure], tickets: set[str]
) -> Decision:
    pairs = [(before, _without_debt(group.jobs[job], tickets)) for job, before in group.touched.items()]
    return Decision(
        jobs=pairs,
        statistics=deltas(pairs),
        figures=figures_of(pairs),
        plugins=list(group.plugins.values()),
        reports=group.reports,
        withdrawals=group.withdrawals,
        operations=[operation],
        failures=failures,
        effects=group.effects,
        changed_plugins=sorted({after.plugin for _, after in pairs}),
        changed_jobs=list(group.touched),
        arrived=arrivals(pairs),
        changed_operations=[operation[1].id],
    )


def _without_debt(job: Job, tickets: set[str]) -> Job:
    """The ticket is owed by the operation, not by the job."""
    return job.model_copy(update={"ticket_due": None}) if job.id in tickets else job


def _ended_if_through(operation: Operation, now: datetime) -> Operation:
    through = operation.page == operation.pages and operation.ticketed == operation.page
    if through and operation.state is OperationState.RUNNING:
        return _next(operation.model_copy(update={"state": OperationState.DONE, "finished": now}))
    return _next(operation)


def _next(operation: Operation) -> Operation:
    return operation.model_copy(update={"rev": operation.rev + 1})


def _only(before: Operation, after: Operation) -> Decision:
    return Decision(operations=[(before, after)], changed_operations=[after.id])

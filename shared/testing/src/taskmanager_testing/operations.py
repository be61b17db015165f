"""Which jobs match the filter of an operation, and their listing, for stores in memory; knows no database."""

import re
from collections.abc import Iterable, Sequence

from taskmanager.model.failures.error_groups import fingerprint
from taskmanager.model.jobs import Job
from taskmanager.model.operations import Operation, page_key
from taskmanager.model.queries import JobConditions
from taskmanager.model.states import Status, Tab

_WORD = re.compile(r"[^\W_]+")


def meant(job: Job, chosen: JobConditions) -> bool:
    """Whether the job as it is now matches the filter."""
    goobi = job.spec.goobi
    wanted = [
        (chosen.plugin, job.plugin),
        (chosen.tab, job.tab),
        (chosen.status, job.status),
        (chosen.project, job.spec.project),
        (chosen.process, goobi.process_id if goobi else None),
    ]
    named = chosen.ids is None or job.id in chosen.ids
    within = chosen.plugins is None or job.plugin in chosen.plugins
    return (
        named
        and within
        and (chosen.warnings is None or job.warnings > 0)
        and (chosen.ended_after is None or (job.finished is not None and job.finished > chosen.ended_after))
        and (chosen.restored is None or job.restored is not None)
        and _in_error_as(job, chosen)
        and all(asked is None or asked == found for asked, found in wanted)
        and _in_range(job, chosen)
        and has_words(job, chosen.text)
    )


def _in_error_as(job: Job, chosen: JobConditions) -> bool:
    if chosen.error_group is None and chosen.error_text is None:
        return True
    if job.status is not Status.ERROR or job.error is None:
        return False
    own = _words(job.error.message)
    wanted = _words(chosen.error_text)
    found = bool(wanted) or chosen.error_text is None
    return (
        found
        and chosen.error_group in {None, fingerprint(job.error)}
        and all(any(word.startswith(one) for word in own) for one in wanted)
    )


def _in_range(job: Job, chosen: JobConditions) -> bool:
    return (
        (chosen.priority_min is None or job.priority >= chosen.priority_min)
        and (chosen.priority_max is None or job.priority <= chosen.priority_max)
        and (chosen.created_before is None or job.created < chosen.created_before)
        and (chosen.created_after is None or job.created > chosen.created_after)
    )


def has_words(job: Job, text: str | None) -> bool:
    """Whether each word of the text begins one of the job's; a text without any words matches nothing."""
    if not text:
        return True
    goobi = job.spec.goobi
    found = _words(job.spec.title) | _words(goobi.process_title if goobi else None)
    wanted = _words(text)
    return bool(wanted) and all(any(word.startswith(start) for word in found) for start in wanted)


def listed(jobs: Iterable[Job], operation: Operation) -> Sequence[str]:
    """The ids of the jobs an operation applies to, in starting order."""
    chosen = [
        job
        for job in jobs
        if meant(job, operation.filter) and not (job.history and job.history[0].at > operation.asked.at)
    ]
    if any(job.tab is Tab.QUEUE for job in chosen):
        chosen.sort(key=lambda job: (-job.priority, job.queued_at, job.id))
    return [job.id for job in chosen]


def paged(listing: str, ids: Sequence[str], size: int) -> dict[str, tuple[str, ...]]:
    """The pages of a listing by their keys."""
    return {
        page_key(listing, number): tuple(ids[start : start + size])
        for number, start in enumerate(range(0, len(ids), size))
    }


def _words(text: str | None) -> set[str]:
    return set(_WORD.findall((text or "").casefold()))

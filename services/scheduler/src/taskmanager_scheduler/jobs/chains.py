"""Jobs that start when the one before them in their chain is done. Pure, like `transition`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from taskmanager.messages import Submit
from taskmanager.model.jobs import Job
from taskmanager.model.reasons import history
from taskmanager.model.states import Status, Trigger
from taskmanager_scheduler.jobs.events import Transition, TransitionContext
from taskmanager_scheduler.jobs.moves import changed, noted, queue


def chains_in(submissions: Iterable[Submit]) -> Mapping[tuple[str, ...], Sequence[Submit]]:
    """The submissions that belong to chains, by chain."""
    found: dict[tuple[str, ...], list[Submit]] = {}
    for submit in submissions:
        if submit.chain:
            found.setdefault(submit.chain, []).append(submit)
    return found


def turns_come(before: Job | None, after: Job, loaded: Mapping[str, Job]) -> Iterator[str]:
    """The jobs of its chain whose turn has come with this change of a job, of those that are loaded.

    The next one when it is done, and itself if it was submitted or retried when the one before was done.
    """
    if after.status is Status.DONE and (before is None or before.status is not Status.DONE):
        following = after.next_in_chain
        if following is not None and following in loaded:
            yield following
    ahead = loaded.get(after.follows) if after.follows is not None else None
    if ahead is not None and ahead.status is Status.DONE:
        yield after.id


def link_done(job: Job, at: TransitionContext) -> Transition:
    """It waits for nobody any more: it is queued, unless an operator holds it. What has ended stays as it is.

    A job that was cancelled meanwhile gets its turn when it is retried.
    """
    if job.status.final or job.follows is None:
        return Transition(job)
    what = history.FOLLOWED(job=job.follows)
    if job.held is not None:
        return Transition(noted(changed(job, follows=None), at, what))
    return queue(job, Trigger.FOLLOW, at, what, dispatch=job.dispatch + 1, follows=None)

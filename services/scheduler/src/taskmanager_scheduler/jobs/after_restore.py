"""What a restored job is: what was true of it may no longer be, so it waits for an operator. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from taskmanager.model.jobs import Attribution, Job, Progress
from taskmanager.model.reasons import history
from taskmanager.model.states import Status, Trigger
from taskmanager_scheduler.jobs.events import TransitionContext
from taskmanager_scheduler.jobs.moves import NOBODYS, move

LEAST_JUMP = 1_000
JUMP_A_SECOND = 10


@dataclass(frozen=True, slots=True)
class Restore:
    """Who restores the state of `taken`, and when."""

    by: str
    taken: datetime
    now: datetime

    @property
    def jump(self) -> int:
        """By how much attempts, dispatches and revisions are raised, beyond all that were given away since.

        They grow with time, so that no number is used twice when the same backup is restored again: nothing
        makes ten attempts at a job in each second.
        """
        return LEAST_JUMP + JUMP_A_SECOND * max(0, (self.now - self.taken) // timedelta(seconds=1))


def after_restore(job: Job, restore: Restore) -> Job:
    """The job, which had not ended, held with no runner and no ticket; unchanged if that was done before.

    A cancel that nobody obeyed yet is forgotten: whoever decides about the job can cancel it.
    """
    if job.restored == restore.taken:
        return job
    fields = {
        "held": job.held or Attribution(by=restore.by, at=restore.now),
        "restored": restore.taken,
        "cancel": None,
        "dispatch": job.dispatch + restore.jump,
        "attempt": job.attempt + restore.jump,
        "seq": 0,
        "ticket_due": None,
        "not_before": None,
        "progress": Progress(),
        **NOBODYS,
    }
    trigger = Trigger.HOLD if job.status is Status.STARTED else Trigger.REQUEUE
    at = TransitionContext(restore.now)
    after = move(job, trigger, Status.PAUSED, at, history.RESTORED(at=restore.taken), **fields)
    return after.model_copy(update={"rev": job.rev + restore.jump})

"""Which actions a job offers, and to whom. Pure; the rules are those of `taskmanager.model.control`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction, judge
from taskmanager.model.jobs import Job
from taskmanager.model.states import Status


class Act(StrEnum):
    """Actions on a job. The values are used in paths: `/ui/jobs/{id}/{act}`."""

    PRIORITY = "priority"
    NEXT = "next"
    RELEASE = "release"
    HOLD = "hold"
    RETRY = "retry"
    MESSAGE = "message"
    CANCEL = "cancel"


AT_ONCE = frozenset({Act.RELEASE, Act.RETRY})
"""Done with one click: they undo what an operator or a failure did, and need no input."""

_LIKELY = (Act.RELEASE, Act.RETRY, Act.PRIORITY, Act.CANCEL)
"""The first of these that is offered gets a button of its own; a running job has no position to change."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One action that a job offers."""

    act: Act
    likely: bool = False

    @property
    def at_once(self) -> bool:
        """Whether it is done without a pop-up."""
        return self.act in AT_ONCE


def offers(job: Job, who: Principal) -> list[Offer]:
    """What the reader may do about the job in its current state, in the order of the menu."""
    if not who.may(Right.OPERATE, job.plugin):
        return []
    possible = list(_possible(job))
    likely = next((act for act in _LIKELY if act in possible and _is_likely(act, job)), None)
    return [Offer(act, act is likely) for act in possible]


def _possible(job: Job) -> Iterator[Act]:
    for act in Act:
        if act is Act.MESSAGE:
            if job.spec.goobi is not None:
                yield act
            continue
        verdict = judge(job, JobAction(act.value))
        if verdict.refusal is None and not verdict.unchanged:
            yield act


def _is_likely(act: Act, job: Job) -> bool:
    return act is not Act.PRIORITY or job.status is Status.STARTED

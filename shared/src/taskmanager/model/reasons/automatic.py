"""What the scheduler does by itself: who in it acted, and why."""

from taskmanager.model.reasons.catalogue import Family, Plural
from taskmanager.model.reasons.model import Reason

AUTOMATIC = Family("automatic", "What the scheduler did by itself, and why.")
_code = AUTOMATIC.code

FAILURES_IN_A_ROW = _code(
    "failures_in_a_row",
    Plural(
        "%(count)s job failed (%(job)s): %(error)s",
        "%(count)s jobs in a row failed, the last one (%(job)s) with: %(error)s",
    ),
    Plural("%(count)s job failed (%(job)s)", "%(count)s jobs in a row failed, the last one: %(job)s"),
)
DEFECT = _code("defect", "a defect of the scheduler: %(error)s")
STOP_OVER = _code("stop_over", "the stop by %(by)s was to last until %(until)s")

BREAKER, TIMER, SCHEDULER, SCALING = "circuit breaker", "timer", "scheduler", "scaling"
"""The names under which the scheduler acts: who a stop is by, and the actor of a command."""
_ACTORS = {name: _code(name.replace(" ", "_"), name) for name in (BREAKER, TIMER, SCHEDULER, SCALING)}


def actor(name: str) -> Reason | str:
    """Whoever acted, as a parameter of a reason: a part of the scheduler has a code, everyone else a name."""
    known = _ACTORS.get(name)
    return known() if known else name

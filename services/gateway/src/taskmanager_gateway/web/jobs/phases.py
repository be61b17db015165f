"""How long a job spent in each phase, as bars along its time. Pure; no colours, no language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskmanager.model.jobs import HISTORY_LIMIT, Job
from taskmanager.model.states import Status

WIDTH, HEIGHT = 1000.0, 14.0
"""In the drawing's own units; a page stretches it."""
NARROWEST = 2.0
"""So that a short phase is still seen."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One stay in a status: how long, and its bar. `attempt` 0: none had begun."""

    status: Status
    attempt: int
    begins: datetime
    lasted: timedelta
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Phases:
    """All stays in their order, and the time in each status."""

    bars: Sequence[Phase]
    sums: Sequence[tuple[Status, timedelta]]
    width: float = WIDTH
    height: float = HEIGHT


def phases(job: Job, now: datetime) -> Phases | None:
    """The phases of a job until its end, or until now; None if its history does not tell them all."""
    history = job.history
    if not history or len(history) >= HISTORY_LIMIT:
        return None
    changes = [history[0]]
    for entry in history[1:]:
        if (entry.status, entry.attempt) != (changes[-1].status, changes[-1].attempt):
            changes.append(entry)
    ends = [entry.at for entry in changes[1:]] + [changes[-1].at if job.status.final else now]
    stays = [(entry, max(end - entry.at, timedelta())) for entry, end in zip(changes, ends, strict=True)]
    stays = [(entry, lasted) for entry, lasted in stays if lasted and not entry.status.final]
    whole = sum((lasted for _, lasted in stays), timedelta())
    if not whole:
        return None
    bars, x = [], 0.0
    for entry, lasted in stays:
        width = WIDTH * (lasted / whole)
        shown = max(width, NARROWEST)
        bars.append(
            Phase(
                entry.status,
                entry.attempt,
                entry.at,
                lasted,
                round(min(x, WIDTH - shown), 2),
                round(shown, 2),
            )
        )
        x += width
    sums = {
        status: sum((one.lasted for one in bars if one.status is status), timedelta()) for status in Status
    }
    return Phases(bars, [(status, lasted) for status, lasted in sums.items() if lasted])

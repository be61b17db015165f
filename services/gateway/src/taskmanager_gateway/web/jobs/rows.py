"""The rows of a list of jobs: what each shows, why the job waits, its place in the queue. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taskmanager.model.access import Principal
from taskmanager.model.jobs import Job
from taskmanager.model.queries import PLACES_LIMIT, Position
from taskmanager.model.states import Status, Tab
from taskmanager.model.waiting import PluginLoad, WaitingCode
from taskmanager_gateway.jobs.wait_reasons import waiting_reason
from taskmanager_gateway.web.jobs.actions import Offer, offers
from taskmanager_gateway.web.shell.sentences import Sentences

SHORT_ID = 8
"""Characters of an id that are shown: the last ones, since the first are a timestamp and look alike."""
SHORT_ERROR = 160
"""Characters of an error in a row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One job in the list of one tab. `place` counts from 1; None: not known here."""

    job: Job
    tab: Tab
    waiting: WaitingCode | None = None
    place: int | None = None
    capped: bool = False
    offers: Sequence[Offer] = ()

    @property
    def left(self) -> bool:
        """Whether the job is in another tab now."""
        return self.job.tab is not self.tab

    @property
    def short_id(self) -> str:
        """Enough of its id to tell it from its neighbours."""
        return self.job.id[-SHORT_ID:]

    @property
    def shows_progress(self) -> bool:
        """Whether there is progress to show."""
        return self.job.status.running or (self.job.status is Status.PAUSED and self.job.owner is not None)

    @property
    def warned(self) -> bool:
        """Whether it has ended with warnings."""
        return self.job.status.final and self.job.warnings > 0

    def shown_error(self, said: Sentences) -> str:
        """The beginning of its error on one line, in the reader's language; empty if there is none."""
        return shortened(said.error(self.job.error)) if self.job.error else ""


def shortened(message: str) -> str:
    """The beginning of a message of any length, in one line."""
    line = " ".join(message[: 2 * SHORT_ERROR].split())
    whole = len(line) <= SHORT_ERROR and len(message) <= 2 * SHORT_ERROR
    return line if whole else f"{line[:SHORT_ERROR]}…"


def rows_of(
    jobs: Iterable[Job],
    tab: Tab,
    who: Principal,
    around: PluginLoad | None,
    places: "Places | None" = None,
) -> list[Row]:
    """A row for each job; `around` None: nothing is known about the plugin, because it is not installed."""
    known = places or Places({})
    return [
        Row(
            job=job,
            tab=tab,
            waiting=_reason(job, around),
            place=known.numbers.get(job.id),
            capped=job.id in known.capped,
            offers=offers(job, who),
        )
        for job in jobs
    ]


COMMON_FROM = 5
"""Rows with one reason, from which on it is said once, above the list."""


def common_reason(rows: Iterable[Row]) -> WaitingCode | None:
    """Why most rows of a list wait, if there are at least `COMMON_FROM` of them; None: each row says so."""
    found = Counter(row.waiting for row in rows if row.waiting is not None).most_common(1)
    return next((code for code, times in found if times >= COMMON_FROM), None)


def _reason(job: Job, around: PluginLoad | None) -> WaitingCode | None:
    waiting = waiting_reason(job, around) if around is not None else None
    return waiting.code if waiting is not None else None


@dataclass(frozen=True, slots=True)
class Places:
    """The places of waiting jobs in their queue; there may be more jobs before those in `capped`."""

    numbers: Mapping[str, int]
    capped: frozenset[str] = frozenset()


def first_waiting(jobs: Iterable[Job]) -> Job | None:
    """The waiting job that starts before all others."""
    return min((job for job in jobs if job.status is Status.STARTED), key=_turn, default=None)


def places_of(jobs: Iterable[Job], before: Position) -> Places:
    """The places of consecutive waiting jobs, with `before` jobs ahead of the first."""
    waiting = sorted((job for job in jobs if job.status is Status.STARTED), key=_turn)
    numbers = {job.id: before.ahead + number for number, job in enumerate(waiting, 1)}
    return Places(numbers, frozenset(numbers) if before.capped else frozenset())


def scattered_places(jobs: Iterable[Job], found: Mapping[str, int]) -> Places:
    """The places of waiting jobs with others between them; those not `found` are further behind."""
    waiting = [job.id for job in jobs if job.status is Status.STARTED]
    behind = frozenset(waiting) - found.keys()
    return Places(dict(found) | dict.fromkeys(behind, PLACES_LIMIT), behind)


def _turn(job: Job) -> tuple[int, float, str]:
    return (-job.turn, job.queued_at.timestamp(), job.id)


POP_UP_ERROR = 20_000
"""Characters of a message or a traceback that a pop-up shows; browsers remain fast with that."""


@dataclass(frozen=True, slots=True)
class ShownError:
    """What a pop-up shows of an error."""

    kind: str
    message: str
    traceback: str
    cut: bool
    """Whether there is more than is shown."""
    characters: int
    """The length of message and traceback together."""


def shown_error(job: Job, said: Sentences) -> ShownError | None:
    """The excerpt for a pop-up; None for a job without an error."""
    if job.error is None:
        return None
    message, traceback = said.error(job.error), job.error.traceback or ""
    return ShownError(
        kind=job.error.kind,
        message=message[:POP_UP_ERROR],
        traceback=traceback[-POP_UP_ERROR:],
        cut=max(len(message), len(traceback)) > POP_UP_ERROR,
        characters=len(message) + len(traceback),
    )


def whole_error(job: Job, said: Sentences) -> str:
    """Message and traceback as one text; empty for a job without an error."""
    if job.error is None:
        return ""
    parts = (f"{job.error.kind}: {said.error(job.error)}", job.error.traceback or "")
    return "\n\n".join(part for part in parts if part)

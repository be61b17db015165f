"""What an older copy of the database leaves open. Pure.

What was stored after the copy is lost once the copy has taken the place of the database. Until then it was
true: attempts were granted, commands were answered, jobs ended and Goobi was told. So the time up to each
restore is judged by the log it had, and what is missing at rest is excused if it was lost in this way.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.soak.commits import History
from tests.soak.evidence import Document, Rest, RunLine, Verdict

from taskmanager.model.states import Status

PLACED = {Status.DONE.value, Status.DOWNLOAD.value}
"""In these statuses the complete results of a job may be in its process folder."""


@dataclass(frozen=True)
class Era:
    """The time up to a restore: all commits, the last state of the database, the length of the run log."""

    history: History
    rest: Rest
    lines: int


def split(lines: Sequence[RunLine], eras: Sequence[Era]) -> Iterator[Sequence[RunLine]]:
    """The run log of each era, and of the time after the last one."""
    for first, end in pairwise([0, *(era.lines for era in eras), len(lines)]):
        yield lines[first:end]


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """One row for the verdicts of all eras."""
    first, *others = verdicts
    row = Verdict(first.invariant, first.says, first.checked, list(first.violations))
    for one in others:
        row.checked += one.checked
        row.violations += one.violations
    return row


def forgotten(eras: Iterable[Era], jobs: Container[str]) -> set[str]:
    """The jobs that were once stored but that the database no longer knows."""
    return {job for era in eras for job in era.rest.jobs if job not in jobs}


def owners(eras: Iterable[Era], rest: Rest) -> dict[str, Document]:
    """Every job that was ever known, in its last known state."""
    known: dict[str, Document] = {}
    for era in eras:
        known.update(era.rest.jobs)
    return {**known, **rest.jobs}


def placed_before(eras: Iterable[Era]) -> dict[str, list[Document]]:
    """Job -> its state when its results may have been in place, if that state was lost."""
    found: dict[str, list[Document]] = {}
    for era in eras:
        for name, job in era.rest.jobs.items():
            if job["status"] in PLACED:
                found.setdefault(name, []).append(job)
    return found


def ended_otherwise(eras: Iterable[Era], ends: Mapping[str, Sequence[str]]) -> set[str]:
    """The jobs of which Goobi may have been told an end that the database no longer knows."""
    return {
        name
        for era in eras
        for name, lost in era.history.ends.items()
        if list(ends.get(name, ()))[: len(lost)] != lost
    }

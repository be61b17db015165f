"""What an examination of one picture file found. Pure values; they pass between processes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from taskmanager.model.reasons.job_texts import list_texts

FAULTS_KEPT = 20
"""How many faults of one file are named; a file in ruins can have millions."""


@dataclass(frozen=True, slots=True)
class Examination:
    """The verdict about one file, with its report as a complete XML document.

    `faults` make the file invalid, `notes` do not. `pages` is the number of pictures found in the file.
    `facts` are in brief, for the job's list of files.
    """

    report: bytes
    pages: int
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether nothing speaks against the file."""
        return not self.faults

    @property
    def reason(self) -> str:
        """All faults in one sentence; empty if there are none."""
        return list_texts.joined(list_texts.SEMICOLON, self.faults)


def shortened(faults: Iterable[str]) -> tuple[str, ...]:
    """Each fault once, in order, and no more of them than anybody reads."""
    once = tuple(dict.fromkeys(faults))
    return once if len(once) <= FAULTS_KEPT else (*once[:FAULTS_KEPT], list_texts.CUT)

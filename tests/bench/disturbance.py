"""Whether something else used the machine while a part was measured, and what is done about it.

A part that was disturbed is measured again as long as there is time; the least disturbed of its attempts is
the one that is reported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.report.figures import Figure, figure, rounded

LIMIT_PERCENT = 10.0
"""Of all processors together; RabbitMQ's port mapper and the system itself use up to three."""
ATTEMPTS = 3


@dataclass(frozen=True)
class Attempt:
    """One measurement of a part.

    Attributes:
        others: percent of all processors that something else used meanwhile.
    """

    figures: tuple[Figure, ...]
    others: float
    seconds: float

    @property
    def disturbed(self) -> bool:
        """Whether its figures are in doubt."""
        return self.others > LIMIT_PERCENT


def repeats(attempts: Sequence[Attempt], seconds_left: float) -> bool:
    """Whether to measure a part again; `seconds_left`: what the other parts leave of the whole time."""
    last = attempts[-1]
    return last.disturbed and len(attempts) < ATTEMPTS and last.seconds <= seconds_left


def verdict(part: str, attempt: Attempt, *, again: bool) -> str:
    """A warning, if the part was disturbed."""
    if not attempt.disturbed:
        return ""
    consequence = "it is measured again" if again else "its figures are in doubt"
    return f"warning: others used {rounded(attempt.others)} % of the processors during {part}: {consequence}"


def told(part: str, attempts: Sequence[Attempt]) -> Iterator[Figure]:
    """The figures of the least disturbed attempt, how much that was disturbed, and how long each took."""
    best = min(attempts, key=lambda attempt: attempt.others)
    yield from best.figures
    note = ""
    if len(attempts) > 1:
        each = ", ".join(rounded(attempt.others) for attempt in attempts)
        note = f"measured {len(attempts)} times because of others: {each} %; the least disturbed is told"
    elif best.disturbed:
        note = "disturbed, and not measured again"
    yield figure(f"others_during_{part}", best.others, "% of the processors", note=note)
    yield figure(f"took_{part}", [attempt.seconds for attempt in attempts], "s")

"""What a look at the engine's folders means for one ticket. Pure.

All that is known of a ticket is in the folders, so an attempt that begins anew decides the same.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.dropfolder import texts


class Step(StrEnum):
    """What to do next about a ticket."""

    HAND_OVER = "hand-over"
    WAIT = "wait"
    FETCH = "fetch"
    FAIL = "fail"
    GIVE_UP = "give-up"


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. `answer` has the files of the ticket's folder in the output, with their sizes.

    `handed_over`: the plugin's own note of it. `done`: the engine says that it has ended; None if this engine
    never says so. `failed`: what the engine says of an error.
    """

    handed_over: bool = False
    unfinished: bool = False
    in_input: bool = False
    begun: bool = False
    done: bool | None = None
    failed: str | None = None
    answer: Mapping[str, int] = field(default_factory=dict)


def next_step(seen: Seen, missing: Collection[str], *, settled: bool) -> Step:
    """The next step; `missing` are results that must come. `settled`: nothing has changed for a while."""
    if seen.failed is not None:
        return Step.FAIL
    if seen.done and not missing:
        return Step.FETCH
    if seen.done and settled:
        return Step.GIVE_UP
    if seen.done is None and seen.answer and not missing and settled:
        return Step.FETCH
    if seen.unfinished or not (seen.handed_over or seen.in_input or seen.answer):
        return Step.HAND_OVER
    return Step.WAIT


@dataclass(frozen=True, slots=True)
class Sorted:
    """The files of an answer: results by stem and suffix, and the others, which nobody asked for."""

    results: Mapping[tuple[str, str], tuple[str, ...]]
    others: tuple[str, ...]

    def missing(self, stems: Collection[str], required: Collection[str]) -> list[str]:
        """The results that every picture must have and that are not there, as names."""
        return [
            f"{stem}{suffix}" for stem in stems for suffix in required if (stem, suffix) not in self.results
        ]


def sort_out(answer: Collection[str], suffixes: Collection[str]) -> Sorted:
    """Sort the files of an answer by the suffixes that the template names; the longest that fits counts."""
    results: dict[tuple[str, str], tuple[str, ...]] = {}
    others: list[str] = []
    longest_first = sorted(suffixes, key=len, reverse=True)
    for path in sorted(answer):
        name = PurePosixPath(path).name
        suffix = next((one for one in longest_first if name.lower().endswith(one)), None)
        if suffix is None or name.startswith("."):
            others.append(path)
        else:
            key = (name[: -len(suffix)], suffix)
            results[key] = (*results.get(key, ()), path)
    return Sorted(results, tuple(others))


def require_asked(found: Sorted, stems: Collection[str], ticket: str) -> None:
    """Raise JobFailedError if there is a result of a page that was not handed over."""
    for (stem, _), paths in found.results.items():
        if stem not in stems:
            raise JobFailedError(texts.NOT_ASKED(name=paths[0], ticket=ticket))

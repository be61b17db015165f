"""Which files each result was made from, by what the plugin said of them, else by their names."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

WHOLE_MOST = 5
"""So many results that belong to no page are taken to be made of everything: a book, a list, a report."""


def origins(
    sources: Sequence[str], results: Sequence[str], told: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """The sources of each result.

    `told` are the results of each file, as the plugin has recorded them: sources by their names, or the last
    parts of these, results relative to the destination. A result that is in no record belongs to the sources
    with its stem; a few that belong to none were made of all. The rest stay without: the event has all files.
    """
    by_name = _unique({name: name for name in sources}, sources)
    known: dict[str, list[str]] = {}
    for file, made in told.items():
        if (source := by_name.get(file)) is not None:
            for result in made:
                known.setdefault(result, []).append(source)
    by_stem: dict[str, list[str]] = {}
    for source in sources:
        by_stem.setdefault(PurePosixPath(source).stem, []).append(source)
    found = {
        result: tuple(dict.fromkeys(known.get(result) or by_stem.get(PurePosixPath(result).stem) or ()))
        for result in results
    }
    without = [result for result, made_from in found.items() if not made_from]
    if len(without) <= WHOLE_MOST:
        found |= dict.fromkeys(without, tuple(sources))
    return found


def _unique(known: dict[str, str], sources: Sequence[str]) -> dict[str, str]:
    """The sources by name, and by the last part of it where that belongs to only one."""
    last: dict[str, list[str]] = {}
    for source in sources:
        last.setdefault(PurePosixPath(source).name, []).append(source)
    return {name: ones[0] for name, ones in last.items() if len(ones) == 1} | known

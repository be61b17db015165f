"""The files of a job of which nothing was reported: those in its source, each with its result by name.

Looks at names only; may block on a dead mount.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from taskmanager.files.listing import files_of
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import JobSpec

MOST = 10_000
"""Files that are listed."""


class Pair(NamedTuple):
    """The names of a file in the source and of its results in the destination."""

    name: str
    results: tuple[str, ...]


def pairs_of(spec: JobSpec, roots: Roots) -> tuple[Pair, ...]:
    """The files directly in the source in natural order; raises PathRefusedError and OSError."""
    if spec.source is None:
        return ()
    sources = [path.name for path in files_of(roots.resolve(spec.source))[:MOST]]
    made = list(_results(spec, roots))
    by_stem: dict[str, list[str]] = {}
    for name in made:
        by_stem.setdefault(Path(name).stem, []).append(name)
    return tuple(Pair(name, tuple(by_stem.get(Path(name).stem, ()))) for name in sources)


def _results(spec: JobSpec, roots: Roots) -> Iterator[str]:
    if spec.destination is None or spec.destination == spec.source:
        return
    folder = roots.resolve(spec.destination)
    if folder.is_dir():
        yield from (path.name for path in files_of(folder)[:MOST])

"""Converts one file: reads it, writes ALTO 4 for each of its pages, and checks the result.

Runs in a child process.
"""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.altoconvert import checking, texts
from taskmanager_plugin_runner.plugins.altoconvert.formats import choice
from taskmanager_plugin_runner.plugins.altoconvert.parameters import RunningHeads
from taskmanager_plugin_runner.plugins.fulltext import alto_reading, alto_writing
from taskmanager_plugin_runner.plugins.fulltext.model import PIXEL, PageText


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made of a file: its results in order, counts, and what is to be said about it."""

    files: tuple[Path, ...]
    format: str
    words: int
    confidence: int | None
    dropped: int
    left_out: str
    notes: tuple[str, ...]


def convert(source: Path, folder: Path, running_heads: RunningHeads) -> Converted:
    """Write `<stem>.xml` for a page, `<stem>_0001.xml` and so on for several; raises JobFailedError."""
    kind, pages = choice.read(source)
    if other := next((page.unit for page in pages if page.unit != PIXEL), None):
        raise JobFailedError(texts.OTHER_UNIT(unit=other))
    names = [source.stem] if len(pages) == 1 else [f"{source.stem}_{n:04d}" for n in range(1, len(pages) + 1)]
    files = [folder / f"{name}.xml" for name in names]
    for page, file in zip(pages, files, strict=True):
        _write(page, file, source, kind)
    words = checking.require_same_words(source, kind, files)  # everything, before anything is dropped
    dropped = 0
    if running_heads is RunningHeads.DROP:
        for page, file in zip(pages, files, strict=True):
            kept = replace(page, blocks=tuple(one for one in page.blocks if not one.kind.of_the_page))
            dropped += sum(1 for _ in page.words) - sum(1 for _ in kept.words)
            _write(kept, file, source, kind)
    notes = [texts.NO_SIZE()] if any(not page.width for page in pages) else []
    notes += [texts.BLANK()] if not words else []
    return Converted(
        tuple(files), kind.value, words - dropped, _confidence(pages), dropped, _left_out(pages), tuple(notes)
    )


def _write(page: PageText, file: Path, source: Path, kind: choice.TextFormat) -> None:
    alto_writing.write(page, file, page.picture or source.stem, f"from {kind.value}, {source.name}")
    alto_writing.require_valid(file)
    alto_reading.read_page(file)


def _confidence(pages: list[PageText]) -> int | None:
    sure = [word.confidence for page in pages for word in page.words if word.confidence is not None]
    return round(100 * sum(sure) / len(sure)) if sure else None


def _left_out(pages: list[PageText]) -> str:
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update(dict(page.left_out))
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))

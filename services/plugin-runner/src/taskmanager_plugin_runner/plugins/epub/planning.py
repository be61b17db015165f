"""Which pages an EPUB has, in which order, in which file of it, and its contents. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager.plugin_api.existing_results import listed
from taskmanager_plugin_runner.plugins.epub import texts
from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import TITLES_DEFAULT, Bookmark, bookmarks
from taskmanager_plugin_runner.plugins.goobi_metadata.matching import match
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work

_PAGES_MOST: Final = 40
"""In one file of the EPUB: readers load a file at once."""


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """A page: what it is called, its text and its picture if there are any, and its printed number."""

    name: str
    text: Path | None
    picture: Path | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All pages in order, the indexes at which files begin, the contents, and what is to be said."""

    pages: tuple[PlannedPage, ...]
    starts: tuple[int, ...]
    contents: tuple[Bookmark, ...]
    warnings: tuple[str, ...]


def plan(text_files: Sequence[Path], pictures: Sequence[Path], work: Work, *, with_pictures: bool) -> Plan:
    """Put the pages in order; raises JobFailedError if a file is no page of the work."""
    by_stem = _by_stem(text_files)
    by_picture = {file.stem: file for file in pictures}
    order, _, without_page = match(list(by_stem), work)
    if without_page:
        raise JobFailedError(
            document_texts.TEXTS_WITHOUT_PAGE(
                number=len(without_page), name=work.name, pages=listed(without_page)
            )
        )
    pages = list(_pages(order, by_stem, by_picture, work))
    warnings: list[str] = []
    if missing := [page.name for page in pages if page.text is None]:
        warnings.append(texts.NO_TEXT(number=len(missing), pages=listed(missing)))
    if with_pictures and (missing := [page.name for page in pages if page.picture is None]):
        warnings.append(texts.NO_PICTURE(number=len(missing), pages=listed(missing)))
    places = {index: index for index in range(len(pages))}
    contents = tuple(bookmarks(work.divisions, TITLES_DEFAULT, places)) if work.pages else ()
    return Plan(tuple(pages), starts(len(pages), contents), contents, tuple(warnings))


def _pages(
    order: Sequence[tuple[str, int | None]], by_stem: dict[str, Path], by_picture: dict[str, Path], work: Work
) -> Iterator[PlannedPage]:
    if not work.pages:
        for stem, _ in order:
            yield PlannedPage(stem, by_stem[stem], by_picture.get(stem), None)
        return
    stem_of = {index: stem for stem, index in order}
    for index, page in enumerate(work.pages):
        own = stem_of.get(index)
        names = [own, *page.stems] if own is not None else [*page.stems]
        picture = next((by_picture[name] for name in names if name in by_picture), None)
        name = next(iter(names), page.id or str(index + 1))
        yield PlannedPage(name, by_stem[own] if own is not None else None, picture, page.label)


def starts(count: int, contents: Sequence[Bookmark]) -> tuple[int, ...]:
    """The indexes of the pages at which files begin: at parts of the two upper levels, none too large."""
    wanted = {0, *(mark.page for mark in contents)}
    wanted |= {inner.page for mark in contents for inner in mark.children}
    found: list[int] = []
    for index in range(count):
        if index in wanted or index - found[-1] >= _PAGES_MOST:
            found.append(index)
    return tuple(found)


def _by_stem(files: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in files:
        if (other := found.setdefault(file.stem, file)) is not file:
            raise JobFailedError(texts.SAME_PAGE(name=other.name, other=file.name))
    return found

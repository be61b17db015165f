"""From the structure of a work to bookmarks or a table of contents. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taskmanager_plugin_runner.plugins.goobi_metadata.model import Division

TITLES_DEFAULT: Final = ("label", "title", "type")
"""Where titles come from, the first that there is: the label, the main title in the metadata, the type."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A bookmark: its title, the index of its page, and those below it."""

    title: str
    page: int
    children: tuple["Bookmark", ...] = ()

    @classmethod
    def number(cls, marks: Sequence["Bookmark"]) -> int:
        """How many there are, on all levels."""
        return sum(1 + cls.number(mark.children) for mark in marks)


def bookmarks(
    divisions: Sequence[Division], titled: Sequence[str], place_of: Mapping[int, int]
) -> Iterator[Bookmark]:
    """The bookmarks of a structure: `titled` are the sources of titles, the first that there is counts.

    `place_of` gives the index in the result for the index of a page of the work; parts whose pages are not in
    it are left out, and so are levels without a title, whose parts take their place.
    """
    if not titled:
        return
    for division in divisions:
        inner = tuple(bookmarks(division.children, titled, place_of))
        place = _place(division, place_of, inner)
        title = next((text for source in titled if (text := _title(division, source))), None)
        if place is None or title is None:
            yield from inner
        else:
            yield Bookmark(title, place, inner)


def _place(division: Division, place_of: Mapping[int, int], inner: Sequence[Bookmark]) -> int | None:
    if division.first_page is not None and division.first_page in place_of:
        return place_of[division.first_page]
    return inner[0].page if inner else None


def _title(division: Division, source: str) -> str | None:
    match source:
        case "label":
            return division.label
        case "title":
            return division.title
        case _:
            return words_of_type(division.type) or None


def words_of_type(name: str) -> str:
    """`title_page` and `TitlePage` as words for people."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.replace("_", " "))
    return " ".join(words.split()).capitalize()

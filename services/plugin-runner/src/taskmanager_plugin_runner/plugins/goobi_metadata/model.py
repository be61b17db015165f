"""A work as its metadata describe it. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Description:
    """The bibliographic part; all may be missing. `languages` and `date` are as the file writes them."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    publisher: str | None = None
    place: str | None = None
    date: str | None = None
    languages: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    rights: str | None = None

    def below(self, upper: "Description") -> "Description":
        """This description of a part, completed by that of the whole it belongs to."""
        titles = [title for title in (upper.title, self.title) if title]
        return Description(
            ". ".join(dict.fromkeys(titles)) or None,
            self.authors or upper.authors,
            self.publisher or upper.publisher,
            self.place or upper.place,
            self.date or upper.date,
            self.languages or upper.languages,
            self.identifiers or upper.identifiers,
            self.rights or upper.rights,
        )


@dataclass(frozen=True, slots=True)
class WorkPage:
    """A page of the book: its printed number (None if it has none), and the stems of its files' names."""

    id: str
    label: str | None
    stems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """A part of the structure: `type` as the file gives it, the index of its first page from 0, if any."""

    type: str
    label: str | None = None
    title: str | None = None
    first_page: int | None = None
    children: tuple["Division", ...] = ()

    def walk(self) -> Iterator["Division"]:
        """This one and all below, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Work:
    """All of it. `name` is that of the file. `divisions` are the top of the structure."""

    name: str
    description: Description = Description()
    pages: tuple[WorkPage, ...] = ()
    divisions: tuple[Division, ...] = field(default=())

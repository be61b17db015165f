"""A work as its metadata describe it. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace


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

    def completed_by(self, other: "Description") -> "Description":
        """This one, with what it lacks from the other."""
        return Description(*(getattr(self, one.name) or getattr(other, one.name) for one in fields(self)))

    def below(self, upper: "Description") -> "Description":
        """This description of a part, completed by that of its whole, with whose title its own begins."""
        titles = [title for title in (upper.title, self.title) if title]
        return replace(self.completed_by(upper), title=". ".join(dict.fromkeys(titles)) or None)


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

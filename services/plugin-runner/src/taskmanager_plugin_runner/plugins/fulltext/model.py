"""The text of one page: blocks of lines of words, each with its place. Knows no format."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

PIXEL = "pixel"
"""The unit of nearly all files; ALTO also knows `mm10` and `inch1200`."""


class BlockKind(StrEnum):
    """What a block of text is on its page."""

    TEXT = "text"
    HEADING = "heading"
    HEADER = "header"
    """A running head."""
    FOOTER = "footer"
    PAGE_NUMBER = "page-number"
    CAPTION = "caption"
    MARGINALIA = "marginalia"
    FOOTNOTE = "footnote"
    CATCHWORD = "catch-word"
    SIGNATURE = "signature-mark"

    @property
    def of_the_page(self) -> bool:
        """Whether the block belongs to the printed page rather than to the text that runs over pages."""
        return self in _OF_THE_PAGE


_OF_THE_PAGE = frozenset(
    {
        BlockKind.HEADER,
        BlockKind.FOOTER,
        BlockKind.PAGE_NUMBER,
        BlockKind.CATCHWORD,
        BlockKind.SIGNATURE,
    }
)


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the page, in the units of the page; the origin is the upper left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    def joined(self, other: "Box") -> "Box":
        """The smallest place that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as printed. `confidence` is 0 to 1.

    `whole`: the complete word of which this is the `first` part, or the second, where a line divides it.
    """

    text: str
    box: Box | None
    confidence: float | None = None
    whole: str | None = None
    first: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a line, in reading order."""

    words: tuple[Word, ...]
    box: Box | None = None
    baseline: str | None = None

    @property
    def text(self) -> str:
        """The line as printed."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of lines; `language` is a code as the file gives it."""

    lines: tuple[Line, ...]
    box: Box | None = None
    kind: BlockKind = BlockKind.TEXT
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the page without text: a picture, or (`drawn`) lines and ornaments."""

    box: Box
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page of `width` and `height` (None if the file does not say), in `unit` as all places.

    `picture` is the name of the picture that the text was made from, if the file gives it. `areas` have no
    text. `left_out` says what else the file has beyond this model, by name and number.
    """

    width: float | None
    height: float | None
    blocks: tuple[Block, ...]
    picture: str | None = None
    unit: str = PIXEL
    areas: tuple[Area, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()

    @property
    def lines(self) -> Iterator[Line]:
        """All lines in reading order."""
        return (line for block in self.blocks for line in block.lines)

    @property
    def words(self) -> Iterator[Word]:
        """All words in reading order."""
        return (word for line in self.lines for word in line.words)

    @property
    def text(self) -> str:
        """The page as plain text: a line for each line, an empty one between blocks."""
        return "\n\n".join("\n".join(line.text for line in block.lines) for block in self.blocks)


def joined_box(boxes: Iterator[Box | None]) -> Box | None:
    """The smallest place that holds all of them; None if there are none."""
    found: Box | None = None
    for box in boxes:
        if box is not None:
            found = box if found is None else found.joined(box)
    return found

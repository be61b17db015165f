"""What a reading process is asked, and what it answers. Pure."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

THUMBNAIL_SIDE = 320
"""Pixels along the longer side of a thumbnail."""
TILE_SIDE, OVERLAP = 510, 1
"""Pixels of a tile without, and pixels it shares with each neighbour."""
SIDE_MOST = 100_000
"""Pixels along one side of a picture that is shown; a longer one is no page."""
WORDS_MOST = 20_000
"""Words of a page; more are not read."""
TEXT_BYTES_MOST = 64 * 1024 * 1024
"""Of a file of ALTO."""


class Wanted(StrEnum):
    """What is to be made of a file."""

    THUMBNAIL = "thumbnail"
    PYRAMID = "pyramid"
    """Tiles of all sizes of the picture, so that it can be zoomed."""
    WORDS = "words"
    """The words of a file of ALTO and their places."""


class Failure(StrEnum):
    """Why nothing was made."""

    NO_PICTURE = "no_picture"
    """The first bytes are of no format that is shown."""
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    """Its header announces more pixels than are shown."""
    MEMORY = "memory"
    NO_PAGE = "no_page"
    NO_ALTO = "no_alto"
    NO_LIBRARY = "no_library"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may take: its pixels, bytes of memory besides the programs, seconds."""

    pixels: int
    memory_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Order:
    """One file to read; `page` counts from 1."""

    wanted: Wanted
    page: int = 1

    def as_record(self) -> dict[str, Any]:
        """As it is sent."""
        return asdict(self)

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Order":
        """As it arrives; raises ValueError for what no gateway sends."""
        return cls(Wanted(record["wanted"]), int(record["page"]))


@dataclass(frozen=True, slots=True)
class PictureWords:
    """A word and its place, as shares of the width and height of its page."""

    text: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a file, or why nothing was.

    `parts` are JPEG files: tiles by `level/column_row`, or the thumbnail alone under the empty name. `width`
    and `height` are those of the picture in pixels, as far as it is shown. `damage`: what is wrong with a
    picture of which at least a part could be read. `shrunk`: for lack of memory it was read at 1/2, 1/4, ...
    of its size (2, 4, ...).
    """

    failure: Failure | None = None
    detail: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    dots_per_inch: int = 0
    pages: int = 1
    shrunk: int = 1
    damage: str = ""
    words: tuple[PictureWords, ...] = ()
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """About what it takes to keep it."""
        words = sum(len(word.text) + 100 for word in self.words)
        return 1_000 + words + sum(len(name) + len(part) + 100 for name, part in self.parts.items())

    def as_record(self) -> dict[str, Any]:
        """Everything but the bytes of the parts, of which the names and sizes are given in order."""
        record = {name: getattr(self, name) for name in _PLAIN}
        words = [[word.text, word.left, word.top, word.width, word.height] for word in self.words]
        return {**record, "words": words, "parts": [[name, len(part)] for name, part in self.parts.items()]}

    @classmethod
    def of(cls, record: dict[str, Any], content: bytes) -> "Made":
        """From a record and the bytes of all parts; raises ValueError, KeyError or TypeError for nonsense."""
        parts, start = {}, 0
        for name, size in record["parts"]:
            parts[str(name)] = content[start : start + int(size)]
            start += int(size)
        failure = record["failure"]
        return cls(
            failure=None if failure is None else Failure(failure),
            detail=str(record["detail"]),
            format=str(record["format"]),
            width=int(record["width"]),
            height=int(record["height"]),
            dots_per_inch=int(record["dots_per_inch"]),
            pages=int(record["pages"]),
            shrunk=int(record["shrunk"]),
            damage=str(record["damage"]),
            words=tuple(PictureWords(str(text), *map(float, place)) for text, *place in record["words"]),
            parts=parts,
        )


_PLAIN = (
    *("failure", "detail", "format", "width", "height", "dots_per_inch", "pages"),
    *("shrunk", "damage"),
)

"""The words of a page as invisible text at their places: from ALTO to the operators of a PDF. Pure.

Every word is as wide as its place and as high as its line, so that what is found is where it is printed. A
space follows each word, as some readers join words without one.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

from taskmanager_plugin_runner.plugins.fulltext.model import Box, Line, PageText, Word
from taskmanager_plugin_runner.plugins.pdf.glyphless import DESCENT, EM, WIDTH, Codes

FONT: Final = "/TextLayer"
_INVISIBLE: Final = 3
"""Text rendering mode (ISO 32000-1, table 106)."""
_ASKEW: Final = 1.6
"""How many times as high as its highest word a line must be not to be level."""
_LEAST: Final = 0.5
"""Points: no word is smaller, or programs take it for dust."""


@dataclass(frozen=True, slots=True)
class TextLayer:
    """Operators of a content stream, the codes that only this page has, and what was placed.

    `letters` are those of the placed words, as `plain` gives them. `unplaced` words have no place.
    """

    operators: bytes
    own_codes: dict[str, int]
    words: int
    letters: str
    unplaced: int


def lay(text: PageText, size: tuple[float, float], picture: tuple[int, int]) -> TextLayer:
    """The layer for a page of `size` in points.

    `picture` is the size of its picture in pixels, for ALTO that does not say how large its page is.
    """
    width, height = size
    across = width / (text.width or picture[0])
    down = height / (text.height or picture[1])
    codes, operators, letters, words, unplaced = Codes(), ["BT", f"{_INVISIBLE} Tr"], [], 0, 0
    for word, box in _placed(text):
        place = None if box is None else _within(_scaled(box, across, down), width, height)
        printed = codes.of(_clean(word.text))
        if place is None or not printed:
            unplaced += 1
            continue
        natural = len(printed) / 4 * WIDTH / EM * place.height
        stretch = 100 * place.width / natural
        left, base = place.left, height - place.bottom + place.height * DESCENT / EM
        form = f"{FONT} {place.height:.3f} Tf {stretch:.3f} Tz"
        operators.append(f"{form} 1 0 0 1 {left:.3f} {base:.3f} Tm <{printed}0020> Tj")
        words += 1
        letters.append(plain(word.text))
    operators.append("ET")
    return TextLayer("\n".join(operators).encode("ascii"), codes.own, words, "".join(letters), unplaced)


def plain(text: str) -> str:
    """The letters of a text without what programs write in different ways: forms, accents, spaces."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", _clean(text))
        if not letter.isspace() and not unicodedata.category(letter).startswith(("M", "C"))
    )


def _clean(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.category(letter) not in {"Cc", "Cs"})


def _placed(text: PageText) -> list[tuple[Word, Box | None]]:
    """All words with their places; where only the line has one, its width is shared by the letters."""
    found: list[tuple[Word, Box | None]] = []
    for line in text.lines:
        total, start = max(1, len(line.text)), 0
        level = _level(line)
        for word in line.words:
            box = word.box
            if box is None and line.box is not None:
                letter = line.box.width / total
                box = Box(line.box.left + start * letter, line.box.top, len(word.text) * letter, 0.0)
            if box is not None and level is not None:
                box = Box(box.left, level.top, box.width, level.height)
            found.append((word, box))
            start += len(word.text) + 1
    return found


def _level(line: Line) -> Box | None:
    """The height that all words of a line share, so that programs see one line; None if it is not level.

    A line that is much higher than its words runs askew: there each word keeps its own height.
    """
    heights = [word.box.height for word in line.words if word.box is not None and word.box.height > 0]
    if line.box is None or line.box.height <= 0:
        return None
    return None if heights and line.box.height > _ASKEW * max(heights) else line.box


def _scaled(box: Box, across: float, down: float) -> Box:
    return Box(box.left * across, box.top * down, box.width * across, box.height * down)


def _within(box: Box, width: float, height: float) -> Box | None:
    """The part of a place that is on the page; None if there is none."""
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(width, box.right), min(height, box.bottom)
    if left >= width or top >= height or right < left or bottom < top:
        return None
    wide, high = max(right - left, _LEAST), max(bottom - top, _LEAST)
    return Box(min(left, width - wide), min(top, height - high), wide, high)

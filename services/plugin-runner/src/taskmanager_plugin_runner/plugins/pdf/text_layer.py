"""The words of a page as invisible text at their places: from ALTO to the operators of a PDF. Pure.

Every word is as wide and as high as its place, so that what is selected or found is where it is printed. A
space follows each word, as some readers join words without one.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

from taskmanager_plugin_runner.plugins.fulltext.model import Box, PageText, Word
from taskmanager_plugin_runner.plugins.pdf.glyphless import DESCENT, EM, WIDTH, Codes

FONT: Final = "/TextLayer"
_INVISIBLE: Final = 3
"""Text rendering mode (ISO 32000-1, table 106)."""
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
    """The layer for a page of `size` in points; `picture`: pixels, the page of ALTO that does not give its own."""
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
        operators.append(
            f"{FONT} {place.height:.3f} Tf {stretch:.3f} Tz 1 0 0 1 {left:.3f} {base:.3f} Tm <{printed}0020> Tj"
        )
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
        total = max(1, len(line.text))
        start = 0
        for word in line.words:
            box = word.box
            if box is None and line.box is not None:
                letter = line.box.width / total
                box = Box(line.box.left + start * letter, line.box.top, len(word.text) * letter, line.box.height)
            if box is not None and box.height <= 0 and line.box is not None:
                box = Box(box.left, line.box.top, box.width, line.box.height)
            found.append((word, box))
            start += len(word.text) + 1
    return found


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

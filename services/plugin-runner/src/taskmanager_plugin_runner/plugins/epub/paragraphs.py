"""The text of a page as paragraphs that flow: lines are joined, and words that a line divides. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from taskmanager_plugin_runner.plugins.fulltext.model import Block, BlockKind, PageText, Word

_HYPHENS: Final = "-\u2010\u2e17\u00ac\u00ad"
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, or a heading."""

    text: str
    heading: bool = False


def of_page(page: PageText, *, running_heads: bool) -> Iterator[Paragraph]:
    """The paragraphs of a page of ALTO; running heads and page numbers only if they are wanted."""
    for block in page.blocks:
        if block.kind.of_the_page and not running_heads:
            continue
        if text := _of_block(block):
            yield Paragraph(text, block.kind is BlockKind.HEADING)


def of_plain(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a plain text, which empty lines separate."""
    for part in _BLANK_LINE.split(text.replace("\r\n", "\n").replace("\f", "\n\n")):
        lines = [[Word(word, None) for word in clean(line).split()] for line in part.splitlines()]
        if joined := _joined([line for line in lines if line]):
            yield Paragraph(joined)


def clean(text: str) -> str:
    """Without characters that XML does not allow."""
    return "".join(
        letter
        for letter in text
        if letter in "\t\n"
        or (unicodedata.category(letter) not in {"Cc", "Cs"} and letter not in "\ufffe\uffff")
    )


def _of_block(block: Block) -> str:
    return _joined([[word for word in line.words if word.text] for line in block.lines if line.words])


def _joined(lines: Sequence[Sequence[Word]]) -> str:
    """All words with a space between them, but divided ones in one piece.

    A word is divided where the file says so (SUBS_TYPE), or where a line ends in a hyphen and the next one
    begins with a small letter.
    """
    text = ""
    for line, following in zip_longest(lines, lines[1:]):
        text += clean(" ".join(word.text for word in line))
        if following is not None:
            text = text.rstrip(_HYPHENS) if _divides(line[-1], following[0]) else f"{text} "
    return text


def _divides(word: Word, following: Word) -> bool:
    if word.text[-1:] not in _HYPHENS or len(word.text) == 1:
        return False
    if word.whole is not None and word.first:
        return True
    return word.text[-2].isalpha() and following.text[:1].islower()

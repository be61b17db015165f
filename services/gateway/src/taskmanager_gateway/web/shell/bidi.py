"""Texts in any writing direction within text that cannot be marked up: titles of pages, sentences. Pure."""

import re

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_OTHER_DIRECTION = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Letters written from right to left, and characters that change the direction."""
_ISOLATES = "\u2066\u2067\u2068"


def isolated(text: str) -> str:
    """The text so that it does not turn what is around it; unchanged if nothing in it could."""
    if text.isascii() or not _OTHER_DIRECTION.search(text):
        return text
    return f"{FIRST_STRONG_ISOLATE}{_without_stray_ends(text)}{POP_ISOLATE}"


def _without_stray_ends(text: str) -> str:
    """Without those ends of isolates that would end one begun before the text."""
    kept, depth = [], 0
    for letter in text:
        depth += (letter in _ISOLATES) - (letter == POP_ISOLATE)
        if depth < 0:
            depth = 0
        else:
            kept.append(letter)
    return "".join(kept)

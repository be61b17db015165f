"""How much of a page was read wrong: characters that differ from the right text. Pure."""

import unicodedata

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

_SPELLINGS = {
    "\N{LATIN SMALL LETTER LONG S}": "s",
    "aͤ": "ä",
    "oͤ": "ö",
    "uͤ": "ü",
    "⸗": "-",
    "¬": "-",
    "—": "-",
    "\N{EN DASH}": "-",
    "„": '"',
    "“": '"',
    "”": '"',
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}
"""What the sample data say may be written in several ways."""


def plain(text: str) -> str:
    """The text in one spelling, with single spaces."""
    for written, meant in _SPELLINGS.items():
        text = text.replace(written, meant)
    return " ".join(unicodedata.normalize("NFKC", text).split())


def error_rate(read: str, right: str) -> float:
    """The share of characters to be changed to get the right text (the character error rate, 0 to 1).

    `right` may be a part of the page: the piece of `read` that fits best counts.
    """
    wanted, found = plain(right), plain(read)
    if not wanted:
        return 0.0 if not found else 1.0
    if len(found) > len(wanted) and (part := fuzz.partial_ratio_alignment(wanted, found)) is not None:
        found = found[part.dest_start : part.dest_end]
    return min(1.0, Levenshtein.distance(found, wanted) / len(wanted))

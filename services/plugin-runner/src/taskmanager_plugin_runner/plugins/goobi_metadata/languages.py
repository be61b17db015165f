"""Codes of languages as PDF and EPUB want them (BCP 47), from those of libraries (ISO 639-2). Pure."""

import re
from collections.abc import Iterable
from typing import Final

UNKNOWN: Final = "und"
_TWO_LETTERS: Final = {
    "ger": "de",
    "deu": "de",
    "eng": "en",
    "fre": "fr",
    "fra": "fr",
    "ita": "it",
    "spa": "es",
    "lat": "la",
    "dut": "nl",
    "nld": "nl",
    "pol": "pl",
    "cze": "cs",
    "ces": "cs",
    "rus": "ru",
    "gre": "el",
    "ell": "el",
    "dan": "da",
    "swe": "sv",
}
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


def bcp47(codes: Iterable[str]) -> list[str]:
    """The codes in the same order, each once; `und` if none is one."""
    found = [_TWO_LETTERS.get(one.lower(), one.lower()) for one in codes]
    return list(dict.fromkeys(code for code in found if _LANGUAGE.fullmatch(code))) or [UNKNOWN]

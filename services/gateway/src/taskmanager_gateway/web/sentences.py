"""Sentences that rules and services say in English, said anew in the reader's language and zone.

Programs get the English ones, and they are stored as they are; readers get the same form refilled. What fits
no form stays as it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from taskmanager_gateway.web.formats import Formats
from taskmanager_gateway.web.languages import translations
from taskmanager_gateway.web.phrases import ACTIONS, FAULTS, FORMS, HISTORY, REFUSALS, SENTENCES

LONGEST = 4_000
"""Characters: a longer one quotes somebody, and is cut."""
_PLACE = re.compile(r"%\((\w+)\)s")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?( UTC|Z|\+00:00)")
_MOMENTS = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?: UTC|Z|\+00:00)"
_COUNTS = r"[\d,]+\+?"


def known(sentence: str, forms: Sequence[str] = SENTENCES) -> str | None:
    """The form that fits the sentence."""
    return next((form for form in forms if _pattern(form).fullmatch(sentence)), None)


@dataclass(frozen=True, slots=True)
class Sentences:
    """Says them for one reader. Templates call it `said`."""

    formats: Formats

    def __call__(self, sentence: str) -> str:
        """Any of them."""
        return self._said(_cut(sentence), SENTENCES)

    def refusal(self, sentence: str) -> str:
        """Why something cannot be done."""
        return self._said(_cut(sentence), REFUSALS)

    def fault(self, sentence: str) -> str:
        """What is wrong with a field."""
        return self._said(_cut(sentence), FAULTS)

    def event(self, note: str) -> str:
        """An entry of a job's history."""
        return self._said(_cut(note), HISTORY)

    def _said(self, sentence: str, forms: Sequence[str]) -> str:
        for form in forms:
            found = _pattern(form).fullmatch(sentence)
            if found is not None:
                return self._translated(form) % {
                    place: self._filled(place, value) for place, value in found.groupdict().items()
                }
        return sentence

    def _translated(self, form: str) -> str:
        translated: str = translations(self.formats.language).ugettext(form)
        return translated

    def _filled(self, place: str, value: str) -> str:
        kind = place.rstrip("0123456789")
        if kind in FORMS:
            return self._said(value, FORMS[kind])
        if kind == "action":
            return self._translated(ACTIONS.get(value, value))
        fill = _FILLS.get(kind)
        return fill(self.formats, value) if fill else value


def _moment(formats: Formats, value: str) -> str:
    parts = _MOMENT.fullmatch(value)
    if parts is None:
        return value
    return formats.moment(datetime.fromisoformat(f"{parts[1]}T{parts[2]}+00:00"))


def _count(formats: Formats, value: str) -> str:
    digits = value.rstrip("+").replace(",", "")
    return formats.number(int(digits)) + "+" * value.endswith("+") if digits.isdecimal() else value


_FILLS: dict[str, Callable[[Formats, str], str]] = {"moment": _moment, "count": _count}


@cache
def _pattern(form: str) -> re.Pattern[str]:
    """Each place takes as little as fits."""
    pieces = _PLACE.split(form)
    shapes = {"moment": _MOMENTS, "count": _COUNTS, "jobs": rf"{_COUNTS} jobs?"}
    for number in range(1, len(pieces), 2):
        place = pieces[number]
        pieces[number] = f"(?P<{place}>{shapes.get(place, '.+?')})"
    pieces[::2] = [re.escape(piece) for piece in pieces[::2]]
    return re.compile("".join(pieces), re.DOTALL)


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST]}…"

"""Codes with their English sentences, by family; other languages translate these sentences.

A placeholder is written `%(name)s`. Its value is a number, a text or another reason; `MOMENTS` are times.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from taskmanager.model.reasons.model import Reason

MOMENTS = frozenset({"at", "until"})
"""Parameters that are moments: ISO 8601, in UTC."""
NUMBER = "count"
"""The parameter that selects singular or plural; it is formatted as a number in the reader's language."""
_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Plural:
    """A sentence in the singular and in the plural, selected by `count`."""

    one: str
    many: str


@cache
def places(sentence: str | Plural) -> frozenset[str]:
    """The parameters a sentence names."""
    if isinstance(sentence, str):
        return frozenset(_PLACE.findall(sentence))
    return frozenset((*_PLACE.findall(sentence.one), *_PLACE.findall(sentence.many), NUMBER))


def without_places(sentence: str) -> str:
    """The sentence without its placeholders, and with `%%` unescaped to `%`."""
    return _PLACE.sub("", sentence).replace("%%", "")


@dataclass(frozen=True, slots=True)
class Code:
    """A code and its sentences: the first with all placeholders given is used, so the fullest is first."""

    name: str
    sentences: tuple[str | Plural, ...]
    takes: frozenset[frozenset[str]] = field(init=False)
    """The parameters of each sentence."""
    plain: Reason | None = field(init=False, compare=False, repr=False)
    """The reason without parameters, if a sentence takes none."""

    def __post_init__(self) -> None:
        """Computed once, because histories and messages use codes all the time."""
        object.__setattr__(self, "takes", frozenset(map(places, self.sentences)))
        object.__setattr__(self, "plain", Reason(code=self.name) if frozenset() in self.takes else None)

    def __call__(self, **given: datetime | Reason | float | str | None) -> Reason:
        """The reason with these parameters, without those that are None; raises TypeError unless they fit."""
        if not given and self.plain is not None:
            return self.plain
        parameters = {name: _value(value) for name, value in given.items() if value is not None}
        if frozenset(parameters) not in self.takes:
            raise TypeError(f"{self.name} does not take {sorted(parameters)}")
        return Reason(code=self.name, parameters=parameters)

    def sentence(self, reason: Reason) -> str | Plural | None:
        """The sentence to use; None if the reason is from a service whose sentences take other parameters."""
        fitting = (one for one in self.sentences if places(one) <= reason.parameters.keys())
        return next(fitting, None)


def _value(value: datetime | Reason | float | str) -> int | str | Reason:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, float):
        return round(value)
    return str(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Family:
    """Codes about the same kind of thing; each of them begins with `name`."""

    name: str
    meaning: str
    codes: dict[str, Code] = field(default_factory=dict)

    def code(self, name: str, *sentences: str | Plural) -> Code:
        """Add a code to this family; raises ValueError if the name is taken."""
        made = Code(f"{self.name}.{name}", sentences)
        if made.name in self.codes:
            raise ValueError(made.name)
        self.codes[made.name] = made
        return made


class Codes(Protocol):
    """Finds codes by name."""

    def find(self, name: str) -> Code | None:
        """The code with that name; None if it is unknown."""


class Catalogue:
    """All codes a service knows."""

    def __init__(self, families: Iterable[Family]) -> None:
        """`families` in the order in which they are listed."""
        self.families = tuple(families)
        self._codes = {name: code for family in self.families for name, code in family.codes.items()}

    def __iter__(self) -> Iterator[Code]:
        """The codes, by family."""
        return iter(self._codes.values())

    def find(self, name: str) -> Code | None:
        """The code of that name; None for one of a newer service."""
        return self._codes.get(name)


OTHERS = Family("text", "What is no sentence of this project, or was stored by an earlier version.")
PROSE = OTHERS.code("prose", "%(text)s")
"""Shown as it is."""

"""From a reason to a sentence. Never fails: without a sentence, the code and its parameters are shown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from taskmanager.model.reasons.catalogue import MOMENTS, NUMBER, Codes, Plural
from taskmanager.model.reasons.model import Reason

OWN_WORDS = "english"
"""The parameter that holds the English sentence, in reasons whose code other services may not know."""


class Language(Protocol):
    """How a reader wants sentences, numbers and moments."""

    def sentence(self, english: str) -> str:
        """The sentence in this language, with the same placeholders."""

    def plural(self, one: str, many: str, count: int) -> str:
        """The form for this count, with the same placeholders."""

    def number(self, value: int) -> str:
        """A number in this language's notation."""

    def moment(self, at: datetime) -> str:
        """A moment in this language's notation."""


class _English:
    """What programs receive and stored texts contain."""

    def sentence(self, english: str) -> str:
        return english

    def plural(self, one: str, many: str, count: int) -> str:
        return one if count == 1 else many

    def number(self, value: int) -> str:
        return f"{value:,}"

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


ENGLISH: Language = _English()


def say(reason: Reason, catalogue: Codes, language: Language = ENGLISH) -> str:
    """The sentence for a reason."""
    code = catalogue.find(reason.code)
    sentence = code.sentence(reason) if code else None
    filled = {name: _filled(name, value, catalogue, language) for name, value in reason.parameters.items()}
    if sentence is None:
        return filled.get(OWN_WORDS) or _bare(reason.code, filled)
    return fill(sentence, filled, reason, language)


def fill(sentence: str | Plural, filled: Mapping[str, str], reason: Reason, language: Language) -> str:
    """A sentence of a reason with its placeholders filled."""
    if not isinstance(sentence, Plural):
        return language.sentence(sentence) % filled
    count = reason.parameters.get(NUMBER)
    return language.plural(sentence.one, sentence.many, count if isinstance(count, int) else 0) % filled


def _bare(code: str, filled: Mapping[str, str]) -> str:
    told = ", ".join(f"{name}: {value}" for name, value in filled.items())
    return f"{code} ({told})" if told else code


def _filled(name: str, value: int | str | Reason, catalogue: Codes, language: Language) -> str:
    if isinstance(value, Reason):
        return say(value, catalogue, language)
    if isinstance(value, int):
        return language.number(value) if name == NUMBER else str(value)
    return _moment(value, language) if name in MOMENTS else value


def _moment(value: str, language: Language) -> str:
    at = moment_of(value)
    return value if at is None else language.moment(at)


def moment_of(text: str) -> datetime | None:
    """The moment a parameter stands for; None if it is not a moment or has no time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None

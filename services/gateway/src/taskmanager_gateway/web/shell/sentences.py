"""Turns reasons into sentences in the reader's language, with their formats for numbers and times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from taskmanager.model.jobs import JobError
from taskmanager.model.reasons import Codes, Reason, say
from taskmanager.model.reasons.automatic import actor
from taskmanager.model.reasons.coded_text import coded_texts, reason_of
from taskmanager_gateway.codes import CATALOGUE
from taskmanager_gateway.web.shell.formats import Formats
from taskmanager_gateway.web.shell.languages import translations

LONGEST = 4_000
"""Characters; a longer sentence quotes somebody, and is cut."""
LONGEST_EVENT = 300
"""Characters of a line in a job's history; the whole error is shown elsewhere."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Makes sentences for one reader. Templates call it `said`."""

    formats: Formats
    codes: Codes = CATALOGUE

    def __call__(self, reason: Reason) -> str:
        """The sentence for a reason."""
        return _cut(say(reason, self.codes, self), LONGEST)

    def text(self, text: str) -> str:
        """A coded text in the reader's language; a plain text unchanged."""
        reason = reason_of(text)
        return text if reason is None else self(reason)

    def texts(self, texts: Sequence[str], reasons: Sequence[Reason | None]) -> list[str]:
        """The same for texts whose reasons are stored separately."""
        return [self.text(text) for text in coded_texts(texts, reasons)]

    def actor(self, name: str) -> str:
        """Whoever acted: a name as it is, or what a part of the scheduler is called in this language."""
        known = actor(name)
        return self(known) if isinstance(known, Reason) else known

    def error(self, error: JobError) -> str:
        """The message of a job's error."""
        return self.text(error.text)

    def event(self, reason: Reason) -> str:
        """The sentence for a reason, cut to a line of a job's history."""
        return _cut(self(reason), LONGEST_EVENT)

    def sentence(self, english: str) -> str:
        """The sentence translated to the reader's language."""
        translated: str = translations(self.formats.language).ugettext(english)
        return translated

    def plural(self, one: str, many: str, count: int) -> str:
        """The translated form for that count."""
        translated: str = translations(self.formats.language).ungettext(one, many, count)
        return translated

    def number(self, value: int) -> str:
        """The number with the reader's separators."""
        return self.formats.number(value)

    def moment(self, at: datetime) -> str:
        """The time in the reader's zone."""
        return self.formats.moment(at)


def _cut(sentence: str, limit: int) -> str:
    return sentence if len(sentence) <= limit else f"{sentence[:limit]}…"

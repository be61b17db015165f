"""English sentences that carry their reason: the errors and warnings of jobs.

Exceptions, log lines and file records take plain text. A coded text is an ordinary `str` for code that knows
nothing of reasons, and is shown in the reader's language by code that does. A coded text that is joined or
cut becomes a plain one, which is shown as it is. (`zope.i18nmessageid.Message` works the same way.)
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import starmap, zip_longest
from typing import Self

from taskmanager.model.printable import printable
from taskmanager.model.reasons.catalogue import NUMBER, Code, Family
from taskmanager.model.reasons.model import Reason, ReasonValue
from taskmanager.model.reasons.sentences import ENGLISH, OWN_WORDS, fill

PARAMETER_CHARACTERS = 2_000
"""The longest parameter of a coded text; with a longer one the text counts as plain."""


class CodedText(str):
    """An English sentence with the reason it was made from."""

    __slots__ = ("reason",)
    reason: Reason

    def __new__(cls, english: str, reason: Reason) -> Self:
        """`english` is the English sentence for `reason`."""
        made = super().__new__(cls, english)
        made.reason = reason
        return made

    def __reduce__(self) -> tuple[type["CodedText"], tuple[str, Reason]]:
        """Keep the reason when pickled, as exceptions pass between the processes of a job."""
        return CodedText, (str(self), self.reason)


class TextCode:
    """A code that makes coded texts."""

    __slots__ = ("_own_words", "code")

    def __init__(self, code: Code, *, own_words: bool = False) -> None:
        """`own_words`: the reason includes its English sentence, for services that do not know the code."""
        self.code, self._own_words = code, own_words

    def __call__(self, **given: object) -> CodedText:
        """The sentence with these parameters; raises TypeError unless they fit.

        Coded texts, and errors raised with one, become reasons within the reason. Readers see a datetime in
        their time zone and `count` in their number format; a timedelta is written without words, and
        everything else as `str` writes it.
        """
        parts = {name: _part(value) for name, value in given.items()}
        reason = self.code(**{name: _value(part) for name, part in parts.items()})
        sentence = self.code.sentence(reason)
        if sentence is None:
            raise TypeError(f"{self.code.name} does not take {sorted(given)}")
        english = fill(sentence, {name: _shown(name, part) for name, part in parts.items()}, reason, ENGLISH)
        if self._own_words:
            words: Mapping[str, int | str | Reason] = {**reason.parameters, OWN_WORDS: english}
            reason = reason.model_copy(update={"parameters": words})
        return CodedText(english, reason)


Part = str | int | datetime


def _part(value: object) -> Part:
    if isinstance(value, BaseException):
        return told(value)
    if isinstance(value, str | datetime) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return _span(value) if isinstance(value, timedelta) else str(value)


def _span(value: timedelta) -> str:
    """In hours, minutes and seconds, or in seconds if it is less than a minute: `str` would write `1 day`."""
    if value < timedelta(minutes=1):
        return f"{value.total_seconds():g} s"
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _value(part: Part) -> datetime | Reason | int | str:
    return part.reason if isinstance(part, CodedText) else part


def _shown(name: str, part: Part) -> str:
    if isinstance(part, datetime):
        return ENGLISH.moment(part)
    return ENGLISH.number(part) if name == NUMBER and isinstance(part, int) else str(part)


def told(error: BaseException) -> str:
    """The message of an error; a coded text if it was raised with one."""
    said = error.args[0] if len(error.args) == 1 else None
    return said if isinstance(said, CodedText) else str(error)


def reason_of(text: str) -> Reason | None:
    """The reason of a coded text, encodable as UTF-8; None if the text is plain or a parameter too long."""
    if not isinstance(text, CodedText) or not _fits(text.reason):
        return None
    return _with_texts(text.reason, printable)


def coded(text: str, reason: Reason | None) -> str:
    """The text with its reason, restored after both were stored or sent."""
    return text if reason is None else CodedText(text, reason)


def coded_texts(texts: Sequence[str], reasons: Sequence[Reason | None]) -> tuple[str, ...]:
    """Each text with its reason, if any; there may be fewer reasons than texts."""
    return tuple(starmap(coded, zip_longest(texts, reasons[: len(texts)])))


def without(text: str, parts: Iterable[str]) -> str:
    """The text without these parts, which are removed from the parameters of its reason as well."""
    cut = re.compile("|".join(map(re.escape, parts)))
    return _changed(text, lambda said: cut.sub("", said))


def shortened(reason: Reason, most: int) -> Reason:
    """The reason with each text parameter cut to at most `most` characters."""
    return _with_texts(reason, lambda said: said if len(said) <= most else f"{said[: most - 1]}…")


def _changed(text: str, change: Callable[[str], str]) -> str:
    said = change(str(text))
    return CodedText(said, _with_texts(text.reason, change)) if isinstance(text, CodedText) else said


def _with_texts(reason: Reason, change: Callable[[str], str]) -> Reason:
    def changed(value: ReasonValue) -> ReasonValue:
        if isinstance(value, Reason):
            return _with_texts(value, change)
        return change(value) if isinstance(value, str) else value

    return Reason(code=reason.code, parameters={name: changed(v) for name, v in reason.parameters.items()})


def _fits(reason: Reason) -> bool:
    """Whether each of its texts may be part of a sentence."""
    return all(
        _fits(value) if isinstance(value, Reason) else len(str(value)) <= PARAMETER_CHARACTERS
        for value in reason.parameters.values()
    )


class TextFamily(Family):
    """A family of codes that make coded texts."""

    def text(self, name: str, *sentences: str) -> TextCode:
        """A new code of this family; the first sentence with all placeholders given is used."""
        return TextCode(self.code(name, *sentences))

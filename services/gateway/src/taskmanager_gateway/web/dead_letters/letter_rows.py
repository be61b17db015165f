"""Dead letters as their page shows them: in groups of one kind and cause, and one by one. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from taskmanager.model.control import LetterAction
from taskmanager.model.jobs import Record, ShortText
from taskmanager.model.registry import LETTERS_LIMIT, DeadLetter


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """The letters of one kind that came for one cause; `kind` is None for those that cannot be read."""

    kind: str | None
    cause: str
    count: int
    """With their copies."""
    oldest: datetime | None
    newest: datetime | None
    open: bool
    """Whether there is one about which nobody has decided yet."""


@dataclass(frozen=True, slots=True)
class LetterList:
    """All letters that are shown, the oldest first, and how many messages they stand for."""

    letters: Sequence[DeadLetter]
    groups: Sequence[LetterGroup]
    count: int
    more: bool
    """Whether there may be more than are shown."""


class LetterChoice(Record):
    """What is to be done with which letters: with one, or with all of a kind and cause.

    A kind of "" is that of letters that cannot be read.
    """

    action: LetterAction
    letter: ShortText | None = None
    kind: ShortText = ""
    cause: ShortText = ""

    def among(self, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
        """Those that are chosen; of a group only those about which nobody has decided yet."""
        if self.letter is not None:
            return [one for one in letters if one.id == self.letter]
        return [one for one in letters if one.settlement is None and _key(one) == (self.kind, self.cause)]


def letter_list(letters: Sequence[DeadLetter]) -> LetterList:
    """What the page shows of these, which come the oldest first."""
    count = messages(letters)
    groups = [_group(list(members)) for _, members in groupby(sorted(letters, key=_key), _key)]
    return LetterList(letters, groups, count, more=count >= LETTERS_LIMIT)


def messages(letters: Iterable[DeadLetter]) -> int:
    """How many messages these are, copies included."""
    return sum(one.copies for one in letters)


def _key(letter: DeadLetter) -> tuple[str, str]:
    return letter.kind or "", letter.cause


def _group(letters: Sequence[DeadLetter]) -> LetterGroup:
    moments = [one.died for one in letters if one.died is not None]
    return LetterGroup(
        kind=letters[0].kind,
        cause=letters[0].cause,
        count=messages(letters),
        oldest=min(moments, default=None),
        newest=max(moments, default=None),
        open=any(one.settlement is None for one in letters),
    )

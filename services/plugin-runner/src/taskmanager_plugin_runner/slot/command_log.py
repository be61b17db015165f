"""Which commands of a job appear in its log: the first of each kind, since a book has one for every page."""

import shlex
import threading
from collections.abc import Sequence
from pathlib import Path

KINDS = 20
"""The most kinds of commands shown for a job."""

LineKind = tuple[str, ...]


def kind_of(argv: Sequence[str | Path]) -> LineKind:
    """The program and its words that are no file or number: what commands for pages have in common."""
    program, *words = (str(word) for word in argv)
    same = (word for word in words if "/" not in word and not any(map(str.isdigit, word)))
    return (Path(program).name, *same)


class CommandLog:
    """The kinds of commands seen so far. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[LineKind] = set()

    def first_of_its_kind(self, argv: Sequence[str | Path]) -> str | None:
        """The command as one would type it; None if a similar one was shown, or enough kinds were."""
        kind = kind_of(argv)
        with self._lock:
            if kind in self._seen or len(self._seen) >= KINDS:
                return None
            self._seen.add(kind)
        return "$ " + shlex.join(str(word) for word in argv)

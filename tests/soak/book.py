"""The driver's own log: what was requested, what was answered with 2xx, what was done to the system.

Several threads write to it. Knows no server.
"""

import threading
from collections import Counter

from tests.soak.evidence import Obeyed, Submitted

RECENT = 400


class Book:
    """Written while the soak runs, read when it is over."""

    def __init__(self) -> None:
        """Empty."""
        self.counts: Counter[str] = Counter()
        self.submissions: list[Submitted] = []
        self.commands: list[Obeyed] = []
        self.operations: list[str] = []
        self._lock = threading.Lock()
        self._ids: list[str] = []
        self.plugins: dict[str, str] = {}
        """Job -> its plugin."""

    def count(self, what: str, number: int = 1) -> None:
        """Count an event."""
        with self._lock:
            self.counts[what] += number

    def submitted(self, submission: Submitted) -> None:
        """Record a submission and its response."""
        with self._lock:
            self.submissions.append(submission)
            self.counts[f"submissions {submission.outcome or 'unanswered'}"] += 1
            if submission.job:
                self._ids.append(submission.job)
                self.plugins[submission.job] = submission.spec["plugin"]

    def commanded(self, command: Obeyed) -> None:
        """Record a command and its response."""
        with self._lock:
            self.commands.append(command)
            self.counts[f"commands {command.action.split()[0]} {command.outcome}"] += 1

    def operated(self, operation: str) -> None:
        """Record an operation that was answered with 2xx."""
        with self._lock:
            self.operations.append(operation)

    def recent(self) -> list[str]:
        """The ids in the most recent responses."""
        with self._lock:
            return self._ids[-RECENT:]

    def total(self, prefix: str) -> int:
        """The sum of all counts whose names have this prefix."""
        with self._lock:
            return sum(number for name, number in self.counts.items() if name.startswith(prefix))

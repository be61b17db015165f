"""The trace of one attempt: a span for all of it and one for each phase, linked to the job's submission."""

from taskmanager.messages import Grant
from taskmanager.model.states import Status
from taskmanager.process import tracing


class AttemptTrace:
    """Does nothing unless traces are collected."""

    def __init__(self, grant: Grant, plugin: str) -> None:
        """The attempt begins."""
        named = {
            "taskmanager.job": grant.job,
            "taskmanager.attempt": grant.attempt,
            "taskmanager.plugin": plugin,
        }
        self._span = tracing.linked(f"attempt {plugin}", grant.traceparent, named)
        self._error: str | None = None

    def phase(self, phase: Status, seconds: float) -> None:
        """A phase is over and took so long."""
        if self._span is not None:
            self._span.child(phase.value, seconds, {})

    def failed(self, kind: str) -> None:
        """The attempt ends with an error of this kind."""
        self._error = kind

    def over(self, outcome: str) -> None:
        """The attempt has ended."""
        if self._span is not None:
            self._span.end({"taskmanager.outcome": outcome}, self._error)
            self._span = None

"""The workflow of the fake Goobi: closing a step opens the next. Knows no HTTP and no access rules.

The rules are those of `docs/goobi.md`; how a refusal is answered is up to each dialect.
"""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime

from taskmanager_testing.goobi.processes import (
    Event,
    EventKind,
    JournalEntry,
    LogType,
    Process,
    Property,
    Step,
    StepStatus,
)

WORKABLE = frozenset({StepStatus.OPEN, StepStatus.IN_WORK})
BEHIND = frozenset({StepStatus.DONE, StepStatus.DEACTIVATED})
HALVES = frozenset({"antiqua", "fracture"})


class NotThereError(LookupError):
    """No such process, step, entry, property or file."""


class ValidationFailedError(Exception):
    """The step's validation plugin refuses."""


class RefusedError(Exception):
    """The request does not fit the state of the process."""


class Workflow:
    """All processes and what may be done to them."""

    def __init__(self, processes: Iterable[Process] = ()) -> None:
        self.processes: dict[int, Process] = {}
        self.events: list[Event] = []
        self.ocr_jobs: dict[str, int] = {}
        """The step each mixed OCR job belongs to."""
        self.ocr_halves: dict[str, set[str]] = {}
        self._steps: dict[int, tuple[Process, Step]] = {}
        self._numbers = itertools.count(1)
        for process in processes:
            self.add(process)

    def add(self, process: Process) -> Process:
        """Add a process; its first steps are opened. Ids of steps are unique across processes."""
        self.processes[process.id] = process
        for step in process.steps:
            self._steps[step.id] = (process, step)
        self._open_next(process)
        return process

    def process(self, process_id: int) -> Process:
        """Raises NotThereError."""
        if process_id not in self.processes:
            raise NotThereError(f"no process {process_id}")
        return self.processes[process_id]

    def process_titled(self, title: str) -> Process:
        """Raises NotThereError."""
        for process in self.processes.values():
            if process.title == title:
                return process
        raise NotThereError(f"no process {title}")

    def found(self, step_id: int) -> tuple[Process, Step]:
        """The step and its process; raises NotThereError."""
        if step_id not in self._steps:
            raise NotThereError(f"no step {step_id}")
        return self._steps[step_id]

    def step(self, step_id: int) -> Step:
        """Raises NotThereError."""
        return self.found(step_id)[1]

    def step_titled(self, process: Process, title: str) -> Step:
        """Raises NotThereError."""
        for step in process.steps:
            if step.title == title:
                return step
        raise NotThereError(f"no step {title}")

    def only_workable_step(self, process_id: int) -> Step:
        """The one step that is open or in work; raises RefusedError if there is none or more than one."""
        steps = [step for step in self.process(process_id).steps if step.status in WORKABLE]
        if len(steps) != 1:
            raise RefusedError(f"{len(steps)} steps are open or in work")
        return steps[0]

    def start(self, step_id: int) -> None:
        """Somebody, or a script, is now working on the step."""
        self.step(step_id).status = StepStatus.IN_WORK

    def close(self, step_id: int) -> None:
        """Close a step and open the next; closing a step that is already done has no effect.

        Raises:
            NotThereError: no such step.
            ValidationFailedError: its validation plugin refuses.
        """
        process, step = self.found(step_id)
        if step.validation_fails:
            raise ValidationFailedError(f"validation failed for step {step.title}")
        step.close_requests += 1
        if step.status is StepStatus.DONE:
            self._note(EventKind.CLOSED_AGAIN, process, step)
            return
        step.status = StepStatus.DONE
        step.closings += 1
        self._note(EventKind.CLOSED, process, step)
        self._open_next(process)

    def fail(self, step_id: int) -> None:
        """Set a step to error; writes no journal entry."""
        process, step = self.found(step_id)
        step.status = StepStatus.ERROR
        self._note(EventKind.ERROR, process, step)

    def store_status(self, step_id: int, status: StepStatus) -> None:
        """Only store it: nothing that would follow from a close happens."""
        process, step = self.found(step_id)
        step.status = status
        kind = EventKind.ERROR if status is StepStatus.ERROR else EventKind.STORED
        self._note(kind, process, step, status)

    def report_problem(self, step_id: int, destination: str, text: str) -> None:
        """Send the process back to an earlier step; the steps in between are locked."""
        process, step = self.found(step_id)
        target = self.step_titled(process, destination)
        if target.order >= step.order:
            raise RefusedError(f"{destination} is not an earlier step")
        for one in process.steps:
            if target.order < one.order <= step.order:
                one.status = StepStatus.LOCKED
        target.status = StepStatus.OPEN
        self._note(EventKind.PROBLEM, process, step, text)

    def write(
        self, process: Process, log_type: LogType, user: str, message: str, filename: str | None = None
    ) -> JournalEntry:
        """Add a journal entry."""
        entry = JournalEntry(next(self._numbers), datetime.now(UTC), log_type, user, message, filename)
        process.journal.append(entry)
        self._note(EventKind.JOURNAL, process, None, f"{log_type}: {message}")
        return entry

    def set_property(self, process: Process, name: str, value: str, *, overwrite: bool) -> Property:
        """Set the first property of that name, or add one."""
        self._note(EventKind.PROPERTY, process, None, f"{name}={value}")
        for one in process.properties:
            if overwrite and one.name == name:
                one.value = value
                return one
        made = Property(next(self._numbers), name, value)
        process.properties.append(made)
        return made

    def store_file(self, process: Process, folder: str, name: str, content: bytes) -> None:
        """Put a file into one of the process's folders."""
        process.files.setdefault(folder, {})[name] = content
        self._note(EventKind.FILE, process, None, f"{folder}/{name} ({len(content)} bytes)")

    def finish_ocr(self, job_id: str, half: str) -> None:
        """One half of a mixed OCR job has arrived; the second one closes the step it belongs to."""
        halves = self.ocr_halves.setdefault(job_id, set())
        halves.add(half)
        step_id = self.ocr_jobs.get(job_id)
        process, step = self.found(step_id) if step_id is not None else (None, None)
        self._note(EventKind.CALLBACK, process, step, f"{job_id} {half}")
        if step is not None and halves == HALVES and step.status is not StepStatus.DONE:
            self.close(step.id)

    def _open_next(self, process: Process) -> None:
        orders = [step.order for step in process.steps if step.status not in BEHIND]
        for step in process.steps:
            if orders and step.order == min(orders) and step.status is StepStatus.LOCKED:
                step.status = StepStatus.OPEN
                self._note(EventKind.OPENED, process, step)

    def _note(self, kind: EventKind, process: Process | None, step: Step | None, text: str = "") -> None:
        process_id = process.id if process else None
        step_id = step.id if step else None
        said = text or (step.title if step else "")
        event = Event(len(self.events) + 1, datetime.now(UTC), kind, process_id, step_id, said)
        self.events.append(event)

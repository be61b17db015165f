"""Goobi's own REST interface, in JSON. It allows reading back what was done."""

import json
from typing import Any

from taskmanager_scheduler.goobi.calls import (
    OK,
    Answer,
    Callback,
    CloseStep,
    ErrorStep,
    Fate,
    GoobiCall,
    Judgement,
    LogEntry,
    Task,
    described,
    is_page,
    refused_access,
)

CONFLICT = 409
CREATED = 201
BAD_REQUEST = 400
NO_CONTENT = 204
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
READING = {"Accept": "application/json"}
STEP_DONE, STEP_ERROR = "stepdone", "steperror"


class Core:
    """Implements `calls.Dialect`."""

    def call(self, task: Task) -> GoobiCall:
        """See `calls.Dialect`."""
        match task:
            case LogEntry():
                entry = {"userName": task.author, "type": task.type.value, "message": task.text}
                return _sent("POST", f"{_process(task)}/journal", entry)
            case CloseStep():
                return GoobiCall("PUT", f"{_process(task)}/step/{task.step_id}/close", READING)
            case ErrorStep():
                ids = {"processId": task.process_id, "stepId": task.step_id}
                return _sent("PUT", f"{_process(task)}/step", {**ids, "status": STEP_ERROR})
            case Callback():
                raise TypeError("a callback is no call of Goobi's REST interface")

    def judge(self, task: Task, answer: Answer) -> Judgement:
        """A conflict on closing a step may also mean that it is already closed; its status shows which."""
        if (refused := refused_access(answer)) is not None:
            return refused
        if is_page(answer.text):
            return Judgement(Fate.AGAIN, f"a web page instead of an answer, {described(answer)}")
        if answer.status in {OK, CREATED, NO_CONTENT}:
            return Judgement(Fate.DONE, "taken")
        if answer.status == CONFLICT and isinstance(task, CloseStep):
            return Judgement(Fate.LOOK, described(answer))
        wrong = answer.status == BAD_REQUEST and isinstance(task, LogEntry)
        return Judgement(Fate.REFUSED if wrong else Fate.AGAIN, described(answer))

    def look(self, task: Task) -> GoobiCall | None:
        """See `calls.Dialect`."""
        match task:
            case LogEntry():
                return GoobiCall("GET", f"{_process(task)}/journal", READING)
            case CloseStep() | ErrorStep():
                return GoobiCall("GET", f"{_process(task)}/step/{task.step_id}", READING)
            case Callback():
                return None

    def seen(self, task: Task, answer: Answer) -> bool | None:
        """An entry is recognised by author and text, a step by its status."""
        document = _document(answer)
        match task:
            case LogEntry() if isinstance(document, list):
                return any(_is_same(one, task) for one in document)
            case CloseStep() if isinstance(document, dict):
                return document.get("status") == STEP_DONE
            case ErrorStep() if isinstance(document, dict):
                return document.get("status") == STEP_ERROR
        return None


def _process(task: LogEntry | CloseStep | ErrorStep) -> str:
    return f"/api/process/{task.process_id}"


def _sent(method: str, path: str, body: dict[str, Any]) -> GoobiCall:
    return GoobiCall(method, path, JSON, content=json.dumps(body).encode())


def _document(answer: Answer) -> Any:
    if answer.status != OK:
        return None
    try:
        return json.loads(answer.text)
    except ValueError:
        return None


def _is_same(entry: Any, task: LogEntry) -> bool:
    if not isinstance(entry, dict):
        return False
    return (entry.get("userName"), entry.get("message")) == (task.author, task.text)

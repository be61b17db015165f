"""The older REST plugin: everything is in the address, texts are the body, answers to a close are XML."""

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
from taskmanager_scheduler.goobi.webapi import known_type

ALREADY_CLOSED = 400
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


class RestPlugin:
    """Implements `calls.Dialect`; nothing can be read back."""

    def call(self, task: Task) -> GoobiCall:
        """See `calls.Dialect`."""
        match task:
            case LogEntry():
                place = f"processes/{task.process_id}" if task.step_id is None else f"steps/{task.step_id}"
                path = f"/api/addtoprocesslog/{place}/{known_type(task.type)}"
                return GoobiCall("POST", path, TEXT, content=f"{task.author}: {task.text}".encode())
            case CloseStep():
                return GoobiCall("POST", f"/api/closestep/{task.step_id}")
            case ErrorStep():
                return GoobiCall("POST", f"/api/seterrorstep/{task.step_id}")
            case Callback():
                raise TypeError("a callback is no call of the REST plugin")

    def judge(self, task: Task, answer: Answer) -> Judgement:
        """Judge by the status, since the answer to a close never says that it succeeded."""
        if (refused := refused_access(answer)) is not None:
            return refused
        if is_page(answer.text):
            return Judgement(Fate.AGAIN, f"a web page instead of an answer, {described(answer)}")
        if answer.status == OK:
            return Judgement(Fate.DONE, "taken")
        closing = isinstance(task, CloseStep)
        if closing and answer.status == ALREADY_CLOSED and "already closed" in answer.text.lower():
            return Judgement(Fate.DONE, "the step was closed already")
        return Judgement(Fate.AGAIN, described(answer))

    def look(self, task: Task) -> GoobiCall | None:
        """See `calls.Dialect`."""
        del task
        return None

    def seen(self, task: Task, answer: Answer) -> bool | None:
        """See `calls.Dialect`."""
        del task, answer
        return None

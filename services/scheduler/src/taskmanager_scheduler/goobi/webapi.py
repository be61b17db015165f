"""The classic web API: the servlet `/wi`. Commands in a form, answers as HTML pages.

Sent by POST, since addresses containing a token end up in logs. The servlet decodes `value` twice, so it is
encoded twice here.
"""

import re
from urllib.parse import quote_plus

from taskmanager.model.log_types import LogType
from taskmanager_scheduler.goobi.calls import (
    NOT_FOUND,
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
    refused_access,
)

EXECUTED = "command executed"
BAD_REQUEST = 400


class WebApi:
    """Implements `calls.Dialect`; nothing can be read back."""

    def __init__(self, password: str) -> None:
        """`password` is the one in `goobi_webapi.xml`."""
        self._password = password

    def call(self, task: Task) -> GoobiCall:
        """See `calls.Dialect`."""
        match task:
            case LogEntry():
                return self._command("addToProcessLog", **_entry(task))
            case CloseStep():
                return self._command("closeStep", stepId=str(task.step_id))
            case ErrorStep():
                return self._command("setErrorStep", stepId=str(task.step_id))
            case Callback():
                raise TypeError("a callback is no command of the web API")

    def help(self) -> GoobiCall:
        """The request for the only command that changes nothing."""
        return self._command("help")

    def judge(self, task: Task, answer: Answer) -> Judgement:
        """Judge by status and title: some errors come with status 200."""
        if (refused := refused_access(answer)) is not None:
            return refused
        if answer.status == NOT_FOUND:
            return Judgement(Fate.AWAY, f"404: the web API is off (useWebApi), or {described(answer)}")
        if answer.status == OK and EXECUTED in title(answer.text).lower():
            return Judgement(Fate.DONE, "command executed")
        wrong = answer.status == BAD_REQUEST and isinstance(task, LogEntry)
        return Judgement(Fate.REFUSED if wrong else Fate.AGAIN, described(answer))

    def look(self, task: Task) -> GoobiCall | None:
        """See `calls.Dialect`."""
        del task
        return None

    def seen(self, task: Task, answer: Answer) -> bool | None:
        """See `calls.Dialect`."""
        del task, answer
        return None

    def _command(self, name: str, **parameters: str) -> GoobiCall:
        return GoobiCall("POST", "/wi", form={"command": name, "token": self._password, **parameters})


def _entry(entry: LogEntry) -> dict[str, str]:
    """The step id identifies the process. The user is always the web API's, so the author is in the text."""
    place = {"processId": str(entry.process_id)}
    if entry.step_id is not None:
        place = {"stepId": str(entry.step_id)}
    text = f"{entry.author}: {entry.text}"
    return {**place, "type": known_type(entry.type), "value": quote_plus(text)}


def known_type(kind: LogType) -> str:
    """The older interfaces lack `important`, which is a highlighted `user` entry."""
    return (LogType.USER if kind is LogType.IMPORTANT else kind).value


def title(page: str) -> str:
    """The text of the first `<h1>`."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL | re.IGNORECASE)
    return found.group(1).strip() if found else ""

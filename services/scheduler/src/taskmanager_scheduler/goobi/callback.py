"""Calls the callback address of a job: POST, empty body, the header `jobType`.

The format that goobi-plugin-step-mixed-ocr expects; there is no callback for failure.
"""

from taskmanager_scheduler.goobi.calls import (
    Answer,
    Callback,
    Fate,
    GoobiCall,
    Judgement,
    described,
    is_page,
    refused_access,
)

SUCCESS = range(200, 300)


def call(task: Callback) -> GoobiCall:
    """The request for the callback."""
    return GoobiCall("POST", task.url, {"jobType": task.job_type})


def judge(answer: Answer) -> Judgement:
    """Any success counts, except a web page: that is the answer of a login form in between."""
    if (refused := refused_access(answer)) is not None:
        return refused
    if is_page(answer.text):
        return Judgement(Fate.AGAIN, f"a web page instead of an answer, {described(answer)}")
    return Judgement(Fate.DONE if answer.status in SUCCESS else Fate.AGAIN, described(answer))

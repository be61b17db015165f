"""Answers to callers of ITM: each has a STATUS, failures also an HTTP error status and a sentence.

Goobi writes the sentence into its journal.
"""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from taskmanager_gateway.http.problems import FieldError, Problem
from taskmanager_gateway.itm.fields import SHOWN_NAMES
from taskmanager_gateway.settings import DuplicateAnswer
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome, SubmissionResult

DUPLICATE = "Job already in DB, not adding it!"
"""The exact text that callers of ITM look for."""
OK, ERROR = "OK", "ERROR"
CONFLICT_STATUS = 409


def taken(answer: SubmissionResult, duplicates: DuplicateAnswer, headers: dict[str, str]) -> Response:
    """The answer for an accepted job, or for the active one that makes it a duplicate."""
    if answer.outcome is not SubmissionOutcome.DUPLICATE:
        return _json({"STATUS": OK, "JOBID": answer.job.id}, 200, headers)
    status = OK if duplicates is DuplicateAnswer.OK else ERROR
    body = {"STATUS": status, "ERRORMESSAGE": DUPLICATE, "JOBID": answer.job.id}
    return _json(body, CONFLICT_STATUS if duplicates is DuplicateAnswer.CONFLICT else 200, headers)


def refused(problem: Problem) -> Response:
    """The answer for a failure, with body and HTTP status."""
    body = {
        "STATUS": ERROR,
        "ERRORMESSAGE": sentence(problem),
        "type": problem.kind.type,
        "code": code(problem),
    }
    if job := problem.extensions.get("job"):
        body["JOBID"] = job
    plain = problem.response()
    headers = {name: plain.headers[name] for name in ("Retry-After", "Allow") if name in plain.headers}
    return _json(body, problem.kind.status, headers)


def sentence(problem: Problem) -> str:
    """One line that says what was wrong, using the caller's field names, and what to do."""
    errors = problem.extensions.get("errors") or ()
    text = "; ".join(_of_field(error) for error in errors)
    return " ".join((f"{problem.kind.title}: {text}" if text else problem.detail).split())


def code(problem: Problem) -> str:
    """The code of the sentence, for programs; if fields are wrong, that of the first error."""
    errors = problem.extensions.get("errors") or ()
    return str(errors[0].code) if errors else problem.told.code


def healthy(wrong: dict[str, str]) -> Response:
    """Whether jobs are accepted, for load balancers and people."""
    if not wrong:
        return _json({"STATUS": OK}, 200, {})
    text = "; ".join(f"{part}: {reason}" for part, reason in wrong.items())
    return _json({"STATUS": ERROR, "ERRORMESSAGE": f"The gateway is not ready: {text}"}, 503, {})


def _of_field(error: FieldError) -> str:
    return f"{SHOWN_NAMES.get(error.field, error.field)}: {error.message}"


def _json(body: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(to_json(body), status, headers, "application/json")

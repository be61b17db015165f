"""What callers of ITM are answered: each answer has a STATUS, failures also a status of HTTP and a sentence.

The sentence is what Goobi writes into its journal.
"""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from taskmanager_gateway.http.problems import FieldError, Problem
from taskmanager_gateway.itm.fields import SHOWN_NAMES
from taskmanager_gateway.settings import DuplicateAnswer
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome, SubmissionResult

DUPLICATE = "Job already in DB, not adding it!"
"""Exactly what callers of ITM look for."""
OK, ERROR = "OK", "ERROR"
CONFLICT_STATUS = 409


def taken(answer: SubmissionResult, duplicates: DuplicateAnswer, headers: dict[str, str]) -> Response:
    """The job there is now, made by this call or an earlier one."""
    if answer.outcome is not SubmissionOutcome.DUPLICATE:
        return _json({"STATUS": OK, "JOBID": answer.job.id}, 200, headers)
    status = OK if duplicates is DuplicateAnswer.OK else ERROR
    body = {"STATUS": status, "ERRORMESSAGE": DUPLICATE, "JOBID": answer.job.id}
    return _json(body, CONFLICT_STATUS if duplicates is DuplicateAnswer.CONFLICT else 200, headers)


def refused(problem: Problem) -> Response:
    """A failure, as a body and as a status."""
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
    """One line that says what was wrong, with the names the caller used, and what to do."""
    errors = problem.extensions.get("errors") or ()
    text = "; ".join(_of_field(error) for error in errors)
    return " ".join((f"{problem.kind.title}: {text}" if text else problem.detail).split())


def code(problem: Problem) -> str:
    """What the sentence says, for programs: of a request with wrong fields, what is wrong with the first."""
    errors = problem.extensions.get("errors") or ()
    return str(errors[0].code) if errors else problem.told.code


def healthy(wrong: dict[str, str]) -> Response:
    """Whether jobs are taken, for load balancers and people."""
    if not wrong:
        return _json({"STATUS": OK}, 200, {})
    text = "; ".join(f"{part}: {reason}" for part, reason in wrong.items())
    return _json({"STATUS": ERROR, "ERRORMESSAGE": f"The gateway is not ready: {text}"}, 503, {})


def _of_field(error: FieldError) -> str:
    return f"{SHOWN_NAMES.get(error.field, error.field)}: {error.message}"


def _json(body: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(to_json(body), status, headers, "application/json")

"""The request body and the answers that the routes of operators' commands share."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.jobs import Record
from taskmanager_gateway.accounts.views import AccountCommandView
from taskmanager_gateway.api.responses import Answers, json_answer, json_request, problems
from taskmanager_gateway.commands.service import CommandDone, CommandPending
from taskmanager_gateway.http.examples import REASON
from taskmanager_gateway.http.problems import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKER_UNAVAILABLE,
    INVALID_REQUEST,
    MALFORMED_BODY,
    NOT_POSSIBLE,
    UNSUPPORTED_MEDIA_TYPE,
    ProblemKind,
)
from taskmanager_gateway.http.views import API, CommandView, PendingView

REASON_BODY = json_request("ReasonBody", REASON, required=False)
_OF_THE_REQUEST = (BODY_TIMEOUT, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY, INVALID_REQUEST)
_PENDING = "The scheduler did not respond in time. The command is stored and will be carried out."


def command_answers(*kinds: ProblemKind) -> Answers:
    """The responses of a command besides 200; `kinds` are the problems specific to its subject."""
    pending: dict[str, Any] = {"description": _PENDING, "model": PendingView}
    return {202: pending} | problems(*_OF_THE_REQUEST, *kinds, NOT_POSSIBLE, BROKER_UNAVAILABLE)


async def command_answer(
    result: CommandDone | CommandPending,
    subject: str,
    view: type[CommandView],
    **shown: Callable[[], Awaitable[Record | None]],
) -> Response:
    """Answer 200 with a view, or 202 for a pending command.

    `shown` makes the view's other members; one that cannot be read at present is null. `subject` is passed to
    `stored_answer`.
    """
    if isinstance(result, CommandPending):
        return stored_answer(result, subject)
    members: dict[str, Any] = {name: await _readable(show) for name, show in shown.items()}
    return json_answer(view.model_construct(command=result.command, outcome=result.outcome, **members))


async def _readable(show: Callable[[], Awaitable[Record | None]]) -> Record | None:
    try:
        return await show()
    except StoreUnavailableError:
        return None


def account_answer(
    result: CommandDone | CommandPending, view: type[AccountCommandView], **members: object
) -> Response:
    """Answer with a view: 200, or 202 for a pending command."""
    done = isinstance(result, CommandDone)
    outcome = result.outcome if isinstance(result, CommandDone) else "pending"
    made = view.model_validate({"command": result.command, "outcome": outcome, **members})
    return json_answer(made, 200 if done else 202)


def stored_answer(stored: CommandPending, subject: str) -> Response:
    """Answer 202; `subject` is the query string with which the audit shows the outcome."""
    detail = (
        "The scheduler did not answer within 2 seconds. The command is stored by the message broker and is "
        "going to be done when the scheduler is back; do not repeat it. The audit then shows its outcome."
    )
    links = {"audit": f"{API}/audit?{subject}"}
    return json_answer(PendingView(command=stored.command, detail=detail, links=links), 202)

"""Dead letters: messages that the scheduler could not use. For admins: a message may be about anything."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.control import LetterAction
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.dead_letters.views import (
    DeadLetterCommandView,
    DeadLetterListView,
    DeadLetterSummary,
    DeadLetterView,
)
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_DEAD_LETTER,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

router = APIRouter(
    prefix=API,
    tags=["Dead letters"],
    dependencies=[needs(Right.ADMIN)],
    responses=problems(NOT_AUTHENTICATED, FORBIDDEN),
)


@router.get(
    "/dead-letters",
    summary="List dead letters",
    response_model=DeadLetterListView,
    responses=problems(STORE_UNAVAILABLE),
)
async def list_dead_letters(request: Request, who: Caller) -> Response:
    """The oldest dead letters, at most 100: messages to the scheduler that it could not use.

    The list is renewed within seconds of a change, while a scheduler works.
    """
    found = await services_of(request).dead_letters.all(who)
    return json_answer(
        DeadLetterListView.model_construct(dead_letters=[DeadLetterSummary.of(one) for one in found])
    )


@router.get(
    "/dead-letters/{letter}",
    summary="Get a dead letter",
    response_model=DeadLetterView,
    responses=problems(UNKNOWN_DEAD_LETTER, STORE_UNAVAILABLE),
)
async def show_dead_letter(request: Request, letter: str, who: Caller) -> Response:
    """A dead letter with the beginning of its text."""
    return json_answer(DeadLetterView.of(await services_of(request).dead_letters.find(letter, who)))


@router.post(
    "/dead-letters/{letter}/requeue",
    summary="Give a dead letter to the scheduler again",
    response_model=DeadLetterCommandView,
    responses=command_answers(UNKNOWN_DEAD_LETTER, STORE_UNAVAILABLE),
    openapi_extra=REASON_BODY,
)
async def requeue_dead_letter(request: Request, letter: str, who: Caller) -> Response:
    """Send it, and all its copies, back to where it came from: after its cause was mended.

    It is read and believed, or not, as any message: if nothing has changed, it is a dead letter again.
    """
    return await _settle(request, letter, LetterAction.REQUEUE, who)


@router.post(
    "/dead-letters/{letter}/drop",
    summary="Drop a dead letter",
    response_model=DeadLetterCommandView,
    responses=command_answers(UNKNOWN_DEAD_LETTER, STORE_UNAVAILABLE),
    openapi_extra=REASON_BODY,
)
async def drop_dead_letter(request: Request, letter: str, who: Caller) -> Response:
    """Remove it, and all its copies, for good."""
    return await _settle(request, letter, LetterAction.DROP, who)


async def _settle(request: Request, letter: str, action: LetterAction, who: Principal) -> Response:
    body = await read_order(request, ReasonBody)
    result = await services_of(request).dead_letters.settle(letter, action, Author(who, body.reason))
    return await command_answer(result, "limit=50", DeadLetterCommandView)

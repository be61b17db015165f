"""Dead letters, for admins: how many of which kind, and what is in one; sending back or dropping them."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.control import LetterAction
from taskmanager.model.jobs import ShortText
from taskmanager.model.registry import LETTERS_LIMIT, TEXT_LIMIT
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.dead_letters.service import DeadLetterService
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.dead_letters.letter_rows import LetterChoice, letter_list, messages
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, page, text

PATH = "/dead-letters"
CHANGED = ("tm-letters",)

router = APIRouter(dependencies=[needs(Right.ADMIN)])


class SettleForm(ReasonForm):
    """What is to be done with exactly these letters: those that were shown when somebody decided."""

    action: LetterAction
    letter: Annotated[list[ShortText], Field(min_length=1, max_length=LETTERS_LIMIT)]


@router.get(PATH)
async def show(request: Request, who: Caller) -> Response:
    """The page of dead letters."""
    return await page(request, "dead_letters/page.html", await _list(request, who))


@router.get("/ui/dead-letters")
async def rows(request: Request, who: Caller) -> Response:
    """The lists alone, for an open page."""
    return fragment(request, "dead_letters/list.html", await _list(request, who))


@router.get("/ui/dead-letters/{letter}")
async def details(request: Request, letter: str, who: Caller) -> Response:
    """The pop-up of one letter, with the beginning of its text."""
    found = await _use(request).find(letter, who)
    context = {
        "letter": found,
        "limit": TEXT_LIMIT,
        "returnable": _use(request).possible(found, LetterAction.REQUEUE),
    }
    return fragment(request, "dead_letters/details.html", context)


@router.get("/ui/settle-dead-letters")
async def ask(request: Request, choice: Annotated[LetterChoice, Query()], who: Caller) -> Response:
    """The pop-up that says what would be done with how many, and asks for confirmation."""
    chosen = choice.among(await _use(request).all(who))
    possible = [one for one in chosen if _use(request).possible(one, choice.action)]
    context = {
        "choice": choice,
        "letters": possible,
        "count": messages(possible),
        "impossible": messages(chosen) - messages(possible),
    }
    return fragment(request, "dead_letters/ask.html", context)


@router.post("/ui/settle-dead-letters")
async def settle(request: Request, form: Annotated[SettleForm, Form()], who: Caller) -> Response:
    """Send them back or drop them; those that are gone by now are passed over."""
    result = await _use(request).settle_all(form.letter, form.action, Author(who, form.reason))
    told = {
        LetterAction.REQUEUE: text(request, "They go back to the scheduler within seconds."),
        LetterAction.DROP: text(request, "They are dropped within seconds."),
    }
    return command_answer(request, result, told[form.action], events=CHANGED)


def _use(request: Request) -> DeadLetterService:
    return services_of(request).dead_letters


async def _list(request: Request, who: Principal) -> dict[str, object]:
    return {"found": letter_list(await _use(request).all(who))}

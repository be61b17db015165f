"""The answer to a reader's command, whatever it was about."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from taskmanager_gateway.commands.service import CommandDone, CommandPending
from taskmanager_gateway.web.shell.render import done, text


def command_answer(
    request: Request,
    result: CommandDone | CommandPending,
    sentence: str,
    *,
    events: Sequence[str] = (),
    close: bool = True,
    leads_to: str | None = None,
) -> Response:
    """Close the pop-up and show `sentence`, which is in the reader's language, or why nothing is done yet.

    `leads_to` is the page to be shown next, unless nothing is done yet.
    """
    if isinstance(result, CommandPending):
        later = text(
            request, "The scheduler does not answer at present. Your request is kept and will be carried out."
        )
        return done(later, tone="warning", events=events, close=close)
    if result.outcome == "unchanged":
        answer = done(text(request, "It was so already."), tone="info", events=events, close=close)
    else:
        answer = done(sentence, events=events, close=close)
    if leads_to is not None:
        answer.headers["HX-Redirect"] = leads_to
    return answer

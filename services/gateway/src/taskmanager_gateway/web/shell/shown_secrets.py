"""Shows a secret once, in the pop-up in which it was requested; it is never cached."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from taskmanager_gateway.commands.service import CommandDone, CommandPending
from taskmanager_gateway.web.shell.render import fragment


def shown_once(
    request: Request,
    template: str,
    result: CommandDone | CommandPending,
    secret: str,
    events: Sequence[str],
    **context: object,
) -> Response:
    """The secret in the pop-up; `events` make the lists on the page refresh."""
    answer = fragment(
        request, template, {"secret": secret, "stored": isinstance(result, CommandPending), **context}
    )
    answer.headers["HX-Trigger"] = json.dumps({event: {} for event in events})
    return answer

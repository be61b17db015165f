"""The form field that restricts something to certain plugins."""

from collections.abc import Sequence

from starlette.requests import Request

from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import INVALID_REQUEST, ProblemError
from taskmanager_gateway.web.accounts.user_forms import ReachForm, offered_plugins
from taskmanager_gateway.web.shell.render import overview_of


async def reach_choices(request: Request, chosen: Sequence[str] | None) -> dict[str, object]:
    """The context for `access/reach.html`; `chosen` None: all plugins."""
    overview = await overview_of(request)
    installed = [plugin.manifest.name for plugin in overview.plugins]
    return {"chosen": chosen, "offered": offered_plugins(installed, chosen)}


def check_reach(form: ReachForm) -> None:
    """Raise ProblemError if no plugin was chosen."""
    if form.nothing:
        raise ProblemError(INVALID_REQUEST, access.NO_PLUGIN_CHOSEN())

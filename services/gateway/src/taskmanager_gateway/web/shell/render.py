"""Answers a request with a page, a part of a page, or the result of an action: the one way to HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from taskmanager.model.access import Principal
from taskmanager_gateway.access.requirements import address_asked_for
from taskmanager_gateway.plugins.texts import CodesOfPlugins
from taskmanager_gateway.services import Services
from taskmanager_gateway.web.shell.assets import Assets
from taskmanager_gateway.web.shell.languages import translations
from taskmanager_gateway.web.shell.menu_items import plugin_items
from taskmanager_gateway.web.shell.plugin_overview import Overview, Overviews
from taskmanager_gateway.web.shell.sentences import Sentences
from taskmanager_gateway.web.shell.templating import Templates
from taskmanager_gateway.web.shell.visitor import Visitor

Tone = Literal["success", "info", "warning"]


@dataclass(frozen=True, slots=True)
class Web:
    """What the pages use, put together once."""

    services: Services
    assets: Assets
    templates: Templates
    overviews: Overviews


def web_of(request: Request) -> Web:
    """The pages' parts of the gateway that serves this request."""
    web: Web = request.app.state.web
    return web


async def overview_of(request: Request, *, fresh: bool = False) -> Overview:
    """All plugins with titles in the reader's language; `fresh`: the reader has just changed something."""
    overview = await web_of(request).overviews.read(fresh=fresh)
    return overview.in_language(Visitor.of(request).language)


def caller(request: Request) -> Principal:
    """The reader."""
    principal: Principal = request.state.principal
    return principal


def sentences_of(request: Request) -> Sentences:
    """Makes sentences in the reader's language, also for the codes of installed plugins."""
    return _sentences(request, Visitor.of(request))


def _sentences(request: Request, visitor: Visitor) -> Sentences:
    return Sentences(visitor.formats, CodesOfPlugins(web_of(request).services.catalogue, visitor.language))


def text(request: Request, sentence: str, **values: Any) -> str:
    """A sentence in the reader's language; `values` fill its `%(name)s`."""
    translated: str = translations(Visitor.of(request).language).ugettext(sentence)
    return translated % values if values else translated


async def page(
    request: Request, template: str, context: Mapping[str, Any], *, status: int = 200, fresh: bool = False
) -> Response:
    """A whole page, with its menu; `fresh`: the reader has just changed something."""
    overview: Overview = context.get("overview") or await overview_of(request, fresh=fresh)
    whole = {
        **_common(request),
        "menu": plugin_items(overview.plugins, caller(request)),
        "dead_letters": overview.dead_letters,
        "overview": overview,
        **context,
    }
    return _html(request, template, whole, status)


def fragment(request: Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> Response:
    """A part of a page, for a page that is already open."""
    return _html(request, template, {**_common(request), **context}, status)


def done(message: str, *, tone: Tone = "success", events: Sequence[str] = (), close: bool = True) -> Response:
    """Answer a finished action: close the pop-up, show the message, and make parts of the page refresh.

    `events` are triggered on the page's body; its parts listen with `hx-trigger="<event> from:body"`.
    """
    triggers: dict[str, Any] = {"tm-close": {}} if close else {}
    triggers["tm-toast"] = {"message": message, "tone": tone}
    triggers.update({event: {} for event in events})
    return Response(status_code=204, headers={"HX-Trigger": json.dumps(triggers)})


def _common(request: Request) -> dict[str, Any]:
    visitor = Visitor.of(request)
    return {
        "visitor": visitor,
        "f": visitor.formats,
        "said": _sentences(request, visitor),
        "who": caller(request),
        "csrf": request.state.csrf,
        "access_off": web_of(request).services.access.off,
        "path": request.url.path,
        "address": address_asked_for(request),
    }


def _html(request: Request, template: str, context: Mapping[str, Any], status: int) -> Response:
    language = context["visitor"].language
    content = web_of(request).templates.render(template, language, context)
    return HTMLResponse(content, status, {"Content-Language": language, "Vary": "Accept-Language, Cookie"})

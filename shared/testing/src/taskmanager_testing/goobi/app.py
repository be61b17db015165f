"""The fake Goobi as one application: all dialects at once, behind their own access rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager_testing.goobi.access import Proof, RestAccess, WebApiAccess
from taskmanager_testing.goobi.admin import Admin
from taskmanager_testing.goobi.core import Core, CoreError, refused
from taskmanager_testing.goobi.faults import Door, Faults, SeenRequest
from taskmanager_testing.goobi.files import Files
from taskmanager_testing.goobi.ocr import OcrCallback
from taskmanager_testing.goobi.processes import Process, Step
from taskmanager_testing.goobi.rest_plugin import RestPlugin
from taskmanager_testing.goobi.webapi import WebApi
from taskmanager_testing.goobi.workflow import NotThereError, Workflow

REST_ROOT = "/goobi/api"
WEB_API = "/goobi/wi"


@dataclass
class FakeGoobi:
    """The complete state of a fake Goobi. It outlives the server that serves it."""

    workflow: Workflow = field(default_factory=Workflow)
    webapi: WebApiAccess = field(default_factory=WebApiAccess)
    rest: RestAccess = field(default_factory=RestAccess)
    faults: Faults = field(default_factory=Faults)
    seen: list[SeenRequest] = field(default_factory=list)

    @classmethod
    def with_books(cls, count: int = 1) -> "FakeGoobi":
        """One with that many processes as made by `book`, numbered from 1."""
        return cls(Workflow(book(number) for number in range(1, count + 1)))

    def app(self) -> ASGIApp:
        """The application."""
        workflow = self.workflow
        parts = (RestPlugin(workflow), Files(workflow), Core(workflow), OcrCallback(workflow))
        rest = [route for part in parts for route in part.routes()]
        guard = Middleware(RestGuard, access=self.rest)
        web_api = Route(WEB_API, WebApi(workflow, self.webapi).serve, methods=["GET", "POST"])
        return Starlette(
            routes=[
                web_api,
                Mount(REST_ROOT, routes=rest, middleware=[guard]),
                *Admin(workflow, self.faults, self.seen).routes(),
            ],
            middleware=[Middleware(Door, faults=self.faults, seen=self.seen)],
            exception_handlers={CoreError: refused, NotThereError: refused},
        )


class RestGuard:
    """ASGI middleware: 401 in plain text for requests without valid credentials."""

    def __init__(self, app: ASGIApp, access: RestAccess) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope)
        path = request.url.path.removeprefix(REST_ROOT)
        if self._access.allows(request.method, path, _proof(request)):
            await self._app(scope, receive, send)
            return
        await PlainTextResponse("No access", HTTPStatus.UNAUTHORIZED)(scope, receive, send)


def _proof(request: Request) -> Proof:
    address = request.client.host if request.client else ""
    headers, query = request.headers, request.query_params
    return Proof(
        ip=headers.get("x-forwarded-for", address),
        token=headers.get("token") or query.get("token", ""),
        authorization=headers.get("authorization", ""),
        jwt=headers.get("jwt") or query.get("jwt", ""),
    )


def book(number: int, titles: Iterable[str] = ("Scanning", "Conversion", "Export")) -> Process:
    """A process with steps in sequence; their ids count up from ten times the process number."""
    steps = [Step(number * 10 + order, title, order) for order, title in enumerate(titles, start=1)]
    return Process(number, f"book_{number}", steps)

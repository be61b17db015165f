"""A shorter way to the routes that get nothing but the request: those by which jobs are submitted.

The layers that FastAPI and Starlette put around every route (routing, exit stacks, handling of exceptions,
which each wrap what is received and sent) take a fifth of a submission's time, and do nothing for these.
"""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from taskmanager_gateway.api.error_handlers import problem_of
from taskmanager_gateway.api.responses import RawRoute
from taskmanager_gateway.http.problems import INTERNAL_ERROR


class DirectRoutes:
    """Wraps an application; whatever is not one of its `RawRoute`s without parameters is left to it."""

    def __init__(self, app: FastAPI) -> None:
        """`app` has all its routes."""
        self._app = app
        raw = (route for route in app.routes if isinstance(route, RawRoute) and not route.param_convertors)
        self._routes = {
            (method, route.path): (route, route.get_route_handler())
            for route in raw
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection; errors are answered as the application does."""
        found = self._routes.get((scope.get("method", ""), scope.get("path", "")))
        if found is None:
            await self._app(scope, receive, send)
            return
        route, handler = found
        scope.update(app=self._app, route=route, endpoint=route.endpoint, path_params={})
        request = Request(scope, receive, send)
        try:
            response = await handler(request)
        except Exception as error:
            problem = problem_of(request, error)
            await problem.response()(scope, receive, send)
            if problem.kind is INTERNAL_ERROR:
                raise  # logged and counted by whoever measures requests
            return
        await response(scope, receive, send)

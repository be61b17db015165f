"""The older REST plugin of the fake Goobi: log, close and error by URL alone. Knows no other dialect.

An entry's text is the raw body. Closing answers with XML whose `result` is empty on success.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from taskmanager_testing.goobi.processes import LogType, Process, Step, StepStatus
from taskmanager_testing.goobi.webapi import LOG_TYPES
from taskmanager_testing.goobi.workflow import NotThereError, RefusedError, ValidationFailedError, Workflow

USER = "webapi"
CLOSED_ALREADY = "Step was already closed."


class RestPlugin:
    """The calls of goobi-plugin-rest-intranda from before it became part of the core."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    def routes(self) -> list[BaseRoute]:
        """The routes below the root of the REST interface; fixed paths come before those with parameters."""
        log, close, error = "/addtoprocesslog", "/closestep", "/seterrorstep"
        return [
            _post(f"{log}/steps/{{step}}/{{type}}", self._log_for(self._of_step)),
            _post(f"{log}/processes/{{process}}/{{type}}", self._log_for(self._of_process)),
            _post(f"{log}/processtitles/{{title}}/{{type}}", self._log_for(self._of_title)),
            _post(f"{close}/processid/{{process}}/{{stepname}}", self._close_for(self._of_process)),
            _post(f"{close}/processtitles/{{title}}/{{stepname}}", self._close_for(self._of_title)),
            _post(f"{close}/{{step}}", self._close_for(self._of_step)),
            _post(f"{close}/{{username}}/{{step}}", self._close_for(self._of_step)),
            _post(f"{error}/processtitles/{{title}}/{{stepname}}", self._error_for(self._of_title)),
            _post(f"{error}/{{step}}", self._error_for(self._of_step)),
            _post("/steps/{step}/reportproblem/{destination}", self._report_problem),
        ]

    def _of_step(self, request: Request) -> Process:
        return self._workflow.found(int(request.path_params["step"]))[0]

    def _of_process(self, request: Request) -> Process:
        return self._workflow.process(int(request.path_params["process"]))

    def _of_title(self, request: Request) -> Process:
        return self._workflow.process_titled(request.path_params["title"])

    def _step(self, request: Request, process: Process) -> Step:
        if "step" in request.path_params:
            return self._workflow.step(int(request.path_params["step"]))
        return self._workflow.step_titled(process, request.path_params["stepname"])

    def _log_for(self, find: Callable[[Request], Process]) -> "Endpoint":
        async def log(request: Request) -> Response:
            try:
                log_type = _log_type(request.path_params["type"])
                self._workflow.write(find(request), log_type, USER, (await request.body()).decode())
            except (NotThereError, ValueError) as error:
                return PlainTextResponse(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
            return Response()

        return log

    def _close_for(self, find: Callable[[Request], Process]) -> "Endpoint":
        async def close(request: Request) -> Response:
            try:
                step = self._step(request, find(request))
                if step.status is StepStatus.DONE:
                    return _closed(HTTPStatus.BAD_REQUEST, step.id, CLOSED_ALREADY, "error")
                self._workflow.close(step.id)
            except (NotThereError, ValueError) as error:
                return _closed(HTTPStatus.NOT_FOUND, 0, str(error), "error")
            except ValidationFailedError as error:
                return _closed(HTTPStatus.NOT_ACCEPTABLE, step.id, str(error), "error")
            return _closed(HTTPStatus.OK, step.id, "")

        return close

    def _error_for(self, find: Callable[[Request], Process]) -> "Endpoint":
        async def fail(request: Request) -> Response:
            try:
                self._workflow.fail(self._step(request, find(request)).id)
            except (NotThereError, ValueError) as error:
                return PlainTextResponse(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
            return Response()

        return fail

    async def _report_problem(self, request: Request) -> Response:
        step, destination = int(request.path_params["step"]), request.path_params["destination"]
        try:
            self._workflow.report_problem(step, destination, (await request.body()).decode())
        except (NotThereError, RefusedError) as error:
            answer = {"result": "error", "errorText": str(error)}
            return JSONResponse(answer, HTTPStatus.INTERNAL_SERVER_ERROR)
        return JSONResponse({"result": "success"})


Endpoint = Callable[[Request], Awaitable[Response]]


def _log_type(word: str) -> LogType:
    if word not in LOG_TYPES:
        raise ValueError(f"unknown type {word}")
    return LogType(word)


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=["POST"])


def _closed(status: HTTPStatus, step_id: int, comment: str, result: str = "") -> Response:
    """`CloseStepResponse`; `result` is set only on failure."""
    said = f"<result>{result}</result>" if result else ""
    text = f"<CloseStepResponse>{said}<stepId>{step_id}</stepId><comment>{escape(comment)}</comment>"
    return Response(f"{text}</CloseStepResponse>", status, media_type="application/xml")

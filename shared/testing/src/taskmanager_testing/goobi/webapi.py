"""The classic web API of the fake Goobi: the servlet at `/goobi/wi`. Knows nothing of the other dialects.

Every answer is an HTML page, even a refusal. Exceptions that Goobi does not catch produce the servlet
container's own error page. `value` and `property` are URL-decoded a second time.
"""

import html
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from taskmanager_testing.goobi.access import WebApiAccess
from taskmanager_testing.goobi.processes import LogType
from taskmanager_testing.goobi.workflow import NotThereError, RefusedError, ValidationFailedError, Workflow

USER = "webapi"
EXECUTED = "Command executed"
LOOPBACK = "127.0.0.1"
LOG_TYPES = frozenset({LogType.USER, LogType.ERROR, LogType.WARN, LogType.INFO, LogType.DEBUG})
"""What `addToProcessLog` documents; any other word is refused."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

Parameters = Mapping[str, str]


class _WrongParameterError(Exception):
    """A parameter is missing or invalid."""


class _DatabaseError(Exception):
    """An error that is answered without setting a status: 200 with another title."""


class WebApi:
    """The servlet and its commands."""

    def __init__(self, workflow: Workflow, access: WebApiAccess) -> None:
        self._workflow, self._access = workflow, access
        self._commands: dict[str, Callable[[Parameters], str]] = {
            "addToProcessLog": self._add_to_process_log,
            "closeStep": self._close_step,
            "closeStepByProcessId": self._close_step_by_process_id,
            "setErrorStep": self._set_error_step,
            "reportProblem": self._report_problem,
            "AddProperty": self._add_property,
            "runScriptAndClose": self._close_step,
            "help": self._help,
        }

    async def serve(self, request: Request) -> Response:
        """Handle one call, by GET or as a form."""
        body = (await request.body()).decode()
        parameters = {**request.query_params, **dict(parse_qsl(body, keep_blank_values=True))}
        if not self._access.enabled:
            return page("Web API deactivated", "The web API is not activated.", HTTPStatus.NOT_FOUND)
        command = parameters.get("command", "")
        if not self._access.allows(caller(request), parameters.get("token", ""), command):
            return page("Access denied", "IP address, token or command not allowed", HTTPStatus.UNAUTHORIZED)
        return self._answer(command, parameters)

    def _answer(self, command: str, parameters: Parameters) -> Response:
        run = self._commands.get(command)
        if run is None:
            return page("Command not found", f"no command {command}", HTTPStatus.BAD_REQUEST)
        try:
            return page(EXECUTED, run(parameters), HTTPStatus.OK)
        except _WrongParameterError as error:
            return page("Invalid parameters", str(error), HTTPStatus.BAD_REQUEST)
        except _DatabaseError as error:
            return page("Error during execution", str(error), HTTPStatus.OK)
        except (ValidationFailedError, RefusedError) as error:
            return page("Error during execution", str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        except (NotThereError, ValueError):
            return servlet_error()

    def _add_to_process_log(self, parameters: Parameters) -> str:
        log_type = _needed(parameters, "type")
        if log_type not in LOG_TYPES:
            raise _WrongParameterError(f"unknown type {log_type}")
        value = decoded_again(_needed(parameters, "value"))
        if "stepId" in parameters:
            process = self._workflow.found(int(parameters["stepId"]))[0]
        else:
            process = self._workflow.process(int(_needed(parameters, "processId")))
        self._workflow.write(process, LogType(log_type), USER, value)
        return "Message to process log added"

    def _close_step(self, parameters: Parameters) -> str:
        self._workflow.close(int(_needed(parameters, "stepId")))
        return "Step closed"

    def _close_step_by_process_id(self, parameters: Parameters) -> str:
        step = self._workflow.only_workable_step(int(_needed(parameters, "processId")))
        self._workflow.close(step.id)
        return "Step closed"

    def _set_error_step(self, parameters: Parameters) -> str:
        step_id = int(_needed(parameters, "stepId"))
        try:
            self._workflow.fail(step_id)
        except NotThereError as error:
            raise _DatabaseError(str(error)) from error
        return "Problem reported"

    def _report_problem(self, parameters: Parameters) -> str:
        step_id, destination = int(_needed(parameters, "stepId")), _needed(parameters, "destinationStepName")
        try:
            self._workflow.report_problem(step_id, destination, _needed(parameters, "errorMessage"))
        except NotThereError as error:
            raise _DatabaseError(str(error)) from error
        return "Problem reported"

    def _add_property(self, parameters: Parameters) -> str:
        process = self._workflow.process(int(_needed(parameters, "processId")))
        name = decoded_again(_needed(parameters, "property"))
        value = decoded_again(_needed(parameters, "value"))
        overwrite = parameters.get("overwriteExistingProperty") == "true"
        self._workflow.set_property(process, name, value, overwrite=overwrite)
        return "Property added"

    def _help(self, _: Parameters) -> str:
        return ", ".join(sorted(self._commands))


def caller(request: Request) -> str:
    """The caller's address; 127.0.0.1 is replaced by the address it forwards for."""
    address = request.client.host if request.client else ""
    if address == LOOPBACK:
        return request.headers.get("x-forwarded-for", LOOPBACK)
    return address


def decoded_again(value: str) -> str:
    """As `java.net.URLDecoder` does: a plus becomes a blank; raises ValueError for a lone per cent sign."""
    if _BROKEN_ESCAPE.search(value):
        raise ValueError(f"illegal escape in {value!r}")
    return unquote_plus(value)


def page(title: str, message: str, status: HTTPStatus) -> HTMLResponse:
    """The page of the web API."""
    head, content = html.escape(title), html.escape(message)
    text = f"<html><head><title>Goobi</title></head><body><h1>{head}</h1>"
    return HTMLResponse(f'{text}<div class="content">{content}</div></body></html>', status)


def servlet_error() -> HTMLResponse:
    """What the servlet container shows for an uncaught exception."""
    text = "<!doctype html><html><head><title>HTTP Status 500</title></head><body>"
    return HTMLResponse(
        f"{text}<h1>HTTP Status 500</h1><p>java.lang.NullPointerException</p></body></html>",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _needed(parameters: Parameters, name: str) -> str:
    if not parameters.get(name):
        raise _WrongParameterError(f"parameter {name} is missing")
    return parameters[name]

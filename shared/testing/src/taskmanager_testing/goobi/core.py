"""The current REST interface of the fake Goobi (`ProcessService`): journal, steps, properties, in JSON.

Storing a status with the update call does not advance the workflow; only the close call does. Knows no other
dialect.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from taskmanager_testing.goobi.processes import JournalEntry, LogType, Process, Step, StepStatus
from taskmanager_testing.goobi.workflow import NotThereError, ValidationFailedError, Workflow

CLOSABLE = frozenset({StepStatus.OPEN, StepStatus.IN_WORK, StepStatus.ERROR, StepStatus.IN_FLIGHT})
"""A step in error can be closed; closing a locked, done or deactivated one is a conflict."""


class CoreError(Exception):
    """A refusal with its HTTP status."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


async def refused(_: Request, error: Exception) -> Response:
    """A refusal as plain text."""
    status = error.status if isinstance(error, CoreError) else HTTPStatus.NOT_FOUND
    return PlainTextResponse(str(error), status)


@dataclass
class Core:
    """The calls below `/process`."""

    workflow: Workflow

    def routes(self) -> list[BaseRoute]:
        """The routes below the root of the REST interface."""
        journal, step = "/process/{process:int}/journal", "/process/{process:int}/step"
        return [
            Route(journal, self.read_journal, methods=["GET"]),
            Route(journal, self.add_entry, methods=["POST"]),
            Route(journal, self.change_entry, methods=["PUT"]),
            Route(journal, self.delete_entry, methods=["DELETE"]),
            Route("/process/{process:int}/steps", self.read_steps, methods=["GET"]),
            Route(f"{step}/close", self.close_by_name, methods=["PUT"]),
            Route(f"{step}/{{step:int}}/close", self.close, methods=["PUT"]),
            Route(f"{step}/{{step:int}}", self.read_step, methods=["GET"]),
            Route(step, self.update_step, methods=["PUT"]),
            Route("/process/{process:int}/properties", self.read_properties, methods=["GET"]),
            Route("/process/{process:int}/property", self.add_property, methods=["POST"]),
            Route("/process/{process:int}/property", self.change_property, methods=["PUT"]),
        ]

    async def read_journal(self, request: Request) -> Response:
        """All entries."""
        process = self._process(request)
        return JSONResponse([_entry(process, one) for one in process.journal])

    async def add_entry(self, request: Request) -> Response:
        """Add one; every word of the enum is a valid type."""
        process, body = self._process(request), await _body(request)
        entry = self.workflow.write(
            process, _log_type(body), _text(body, "userName"), _text(body, "message"), body.get("filename")
        )
        return JSONResponse(_entry(process, entry))

    async def change_entry(self, request: Request) -> Response:
        """Change one, named by `id`."""
        process, body = self._process(request), await _body(request)
        entry = _with_id(process.journal, body)
        entry.type, entry.user, entry.message = (
            _log_type(body),
            _text(body, "userName"),
            _text(body, "message"),
        )
        return JSONResponse(_entry(process, entry))

    async def delete_entry(self, request: Request) -> Response:
        """Remove one, named by `id`."""
        process, body = self._process(request), await _body(request)
        process.journal.remove(_with_id(process.journal, body))
        return Response()

    async def read_steps(self, request: Request) -> Response:
        """All steps of the process."""
        process = self._process(request)
        return JSONResponse([_step(process, one) for one in process.steps])

    async def read_step(self, request: Request) -> Response:
        """One step."""
        process = self._process(request)
        return JSONResponse(_step(process, self._step_of(process, request.path_params["step"])))

    async def close(self, request: Request) -> Response:
        """Close a step and advance the workflow."""
        return self._closed(self._process(request), request.path_params["step"])

    async def close_by_name(self, request: Request) -> Response:
        """The same, by the title of the step."""
        process, body = self._process(request), await _body(request)
        return self._closed(process, self.workflow.step_titled(process, _text(body, "stepname")).id)

    async def update_step(self, request: Request) -> Response:
        """Store a status. The answer is made from the ids in the body, even if they are missing there."""
        process, body = self._process(request), await _body(request)
        try:
            status = StepStatus(_text(body, "status"))
        except ValueError as error:
            raise CoreError(HTTPStatus.BAD_REQUEST, f"unknown status {body['status']}") from error
        step = self._step_of(process, int(body.get("stepId") or 0))
        self.workflow.store_status(step.id, status)
        answered = self.workflow.process(int(body.get("processId") or 0))
        return JSONResponse(_step(answered, step))

    async def read_properties(self, request: Request) -> Response:
        """All properties of the process."""
        return JSONResponse([vars(one) for one in self._process(request).properties])

    async def add_property(self, request: Request) -> Response:
        """Add one, even if there is another of that name."""
        process, body = self._process(request), await _body(request)
        name, value = _text(body, "name"), _text(body, "value")
        return JSONResponse(vars(self.workflow.set_property(process, name, value, overwrite=False)))

    async def change_property(self, request: Request) -> Response:
        """Change one, named by `id`."""
        process, body = self._process(request), await _body(request)
        found = _with_id(process.properties, body)
        found.name, found.value = _text(body, "name"), _text(body, "value")
        return JSONResponse(vars(found))

    def _process(self, request: Request) -> Process:
        return self.workflow.process(request.path_params["process"])

    def _step_of(self, process: Process, step_id: int) -> Step:
        owner, step = self.workflow.found(step_id)
        if owner is not process:
            raise CoreError(HTTPStatus.CONFLICT, f"step {step_id} belongs to another process")
        return step

    def _closed(self, process: Process, step_id: int) -> Response:
        step = self._step_of(process, step_id)
        if step.status not in CLOSABLE:
            raise CoreError(HTTPStatus.CONFLICT, f"step {step_id} is {step.status}")
        try:
            self.workflow.close(step.id)
        except ValidationFailedError as error:
            raise CoreError(HTTPStatus.CONFLICT, str(error)) from error
        return JSONResponse(_step(process, step))


async def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise CoreError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise CoreError(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    if not body.get(name):
        raise CoreError(HTTPStatus.BAD_REQUEST, f"{name} is missing")
    return str(body[name])


def _log_type(body: Mapping[str, Any]) -> LogType:
    try:
        return LogType(_text(body, "type"))
    except ValueError as error:
        raise CoreError(HTTPStatus.BAD_REQUEST, f"unknown type {body['type']}") from error


def _with_id(items: list[Any], body: Mapping[str, Any]) -> Any:
    for item in items:
        if item.id == body.get("id"):
            return item
    raise NotThereError(f"nothing with id {body.get('id')}")


def _entry(process: Process, entry: JournalEntry) -> dict[str, Any]:
    said = {"userName": entry.user, "type": entry.type, "message": entry.message, "filename": entry.filename}
    return {"id": entry.id, "processId": process.id, "creationDate": entry.at.isoformat(), **said}


def _step(process: Process, step: Step) -> dict[str, Any]:
    names = {
        "processId": process.id,
        "processTitle": process.title,
        "stepId": step.id,
        "steptitle": step.title,
    }
    return {**names, "order": step.order, "status": step.status}

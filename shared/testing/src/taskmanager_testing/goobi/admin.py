"""What tests and people see of a fake Goobi below `/fake`: state, requests, faults. Needs no credentials."""

import html
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from taskmanager_testing.goobi.faults import ADMIN, Fault, Faults, SeenRequest
from taskmanager_testing.goobi.processes import Event, Process
from taskmanager_testing.goobi.workflow import Workflow

_PROCESSES = TypeAdapter(list[Process])
_EVENTS = TypeAdapter(list[Event])
_REQUESTS = TypeAdapter(list[SeenRequest])
_FAULTS = TypeAdapter(list[Fault])
_PROCESS = TypeAdapter(Process)


@dataclass
class Admin:
    """The pages of the fake itself."""

    workflow: Workflow
    faults: Faults
    seen: list[SeenRequest]

    def routes(self) -> list[BaseRoute]:
        """The routes, from the root on."""
        return [
            Route(ADMIN, self.page, methods=["GET"]),
            Route(f"{ADMIN}/processes", self.processes, methods=["GET"]),
            Route(f"{ADMIN}/processes", self.add_process, methods=["POST"]),
            Route(f"{ADMIN}/events", self.events, methods=["GET"]),
            Route(f"{ADMIN}/requests", self.requests, methods=["GET"]),
            Route(f"{ADMIN}/faults", self.read_faults, methods=["GET"]),
            Route(f"{ADMIN}/faults", self.set_faults, methods=["PUT"]),
            Route(f"{ADMIN}/ocr/{{job}}/{{step:int}}", self.add_ocr_job, methods=["PUT"]),
        ]

    async def processes(self, _: Request) -> Response:
        """All processes with steps and journal."""
        return JSONResponse(_PROCESSES.dump_python(list(self.workflow.processes.values()), mode="json"))

    async def add_process(self, request: Request) -> Response:
        """Add a process."""
        process = self.workflow.add(_PROCESS.validate_json(await request.body()))
        return JSONResponse(_PROCESS.dump_python(process, mode="json"))

    async def events(self, request: Request) -> Response:
        """What happened, beginning after the event `after`."""
        after = int(request.query_params.get("after", 0))
        return JSONResponse(_EVENTS.dump_python(self.workflow.events[after:], mode="json"))

    async def requests(self, request: Request) -> Response:
        """What was requested, beginning after the request `after`."""
        after = int(request.query_params.get("after", 0))
        return JSONResponse(_REQUESTS.dump_python(self.seen[after:], mode="json"))

    async def read_faults(self, _: Request) -> Response:
        """The faults in force."""
        return JSONResponse(_FAULTS.dump_python(self.faults.active, mode="json"))

    async def set_faults(self, request: Request) -> Response:
        """Replace the faults in force."""
        self.faults.set(*_FAULTS.validate_json(await request.body()))
        return await self.read_faults(request)

    async def add_ocr_job(self, request: Request) -> Response:
        """A mixed OCR job whose callbacks will close this step."""
        step = self.workflow.step(request.path_params["step"])
        self.workflow.ocr_jobs[request.path_params["job"]] = step.id
        return Response()

    async def page(self, _: Request) -> Response:
        """Everything on one page for people."""
        rows = [_row(process) for process in self.workflow.processes.values()]
        head = "<!doctype html><title>Fake Goobi</title><h1>Fake Goobi</h1>"
        return HTMLResponse(
            f"{head}<table border=1><tr><th>process<th>steps<th>journal{''.join(rows)}</table>"
        )


def _row(process: Process) -> str:
    steps = _lines(f"{step.id} {step.title}: {step.status}" for step in process.steps)
    journal = _lines(f"{entry.type}: {entry.message}" for entry in process.journal)
    return f"<tr><td>{process.id} {html.escape(process.title)}<td>{steps}<td>{journal}"


def _lines(texts: Any) -> str:
    return "<br>".join(html.escape(text) for text in texts)

"""The callback of the mixed OCR plugin at the fake Goobi. There is none for failure."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from taskmanager_testing.goobi.workflow import Workflow

FRACTURE, ANTIQUA = "fracture", "antiqua"


@dataclass
class OcrCallback:
    """`/plugins/ocr/{jobid}/done`; the header `jobType` says which half has arrived."""

    workflow: Workflow

    def routes(self) -> list[BaseRoute]:
        """The route below the root of the REST interface."""
        return [Route("/plugins/ocr/{job}/done", self.done, methods=["POST"])]

    async def done(self, request: Request) -> Response:
        """Anything except `fracture` counts as antiqua; the answer is empty."""
        half = FRACTURE if request.headers.get("jobType") == FRACTURE else ANTIQUA
        self.workflow.finish_ocr(request.path_params["job"], half)
        return Response()

"""The files of a process over the fake Goobi's REST interface, kept in memory. Knows no dialect."""

from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from taskmanager_testing.goobi.core import CoreError
from taskmanager_testing.goobi.workflow import NotThereError, Workflow


@dataclass
class Files:
    """`/process/{id}/files/{folder}[/{file}]`."""

    workflow: Workflow

    def routes(self) -> list[BaseRoute]:
        """The routes below the root of the REST interface."""
        folder = "/process/{process:int}/files/{folder}"
        return [
            Route(folder, self.names, methods=["GET"]),
            Route(folder, self.upload, methods=["POST"]),
            Route(f"{folder}/{{file}}", self.read, methods=["GET"]),
            Route(f"{folder}/{{file}}", self.delete, methods=["DELETE"]),
        ]

    async def names(self, request: Request) -> Response:
        """The names of a folder's files."""
        return JSONResponse(sorted(self._folder(request)))

    async def upload(self, request: Request) -> Response:
        """Store each part of a multipart body that has a file name."""
        process = self.workflow.process(request.path_params["process"])
        stored = [name for name, content in await _parts(request) if self._stored(request, name, content)]
        if not stored:
            raise CoreError(HTTPStatus.BAD_REQUEST, "no file in the body")
        return JSONResponse({"processId": process.id, "files": stored})

    async def read(self, request: Request) -> Response:
        """Return one file."""
        return Response(self._file(request), media_type="application/octet-stream")

    async def delete(self, request: Request) -> Response:
        """Remove one file."""
        self._file(request)
        del self._folder(request)[request.path_params["file"]]
        return Response()

    def _stored(self, request: Request, name: str, content: bytes) -> bool:
        process = self.workflow.process(request.path_params["process"])
        self.workflow.store_file(process, request.path_params["folder"], name, content)
        return True

    def _folder(self, request: Request) -> dict[str, bytes]:
        process = self.workflow.process(request.path_params["process"])
        return process.files.get(request.path_params["folder"], {})

    def _file(self, request: Request) -> bytes:
        name = request.path_params["file"]
        folder = self._folder(request)
        if name not in folder:
            raise NotThereError(f"no file {name}")
        return folder[name]


async def _parts(request: Request) -> list[tuple[str, bytes]]:
    """Names and contents of the files in a multipart body (RFC 7578, which is MIME)."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + await request.body())
    contents = [(part.get_filename(), part.get_payload(decode=True)) for part in message.iter_parts()]
    return [(name, content) for name, content in contents if name and isinstance(content, bytes)]

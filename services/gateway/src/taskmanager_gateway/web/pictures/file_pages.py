"""The list of a job's files with small pictures, and the page of one file with large ones."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import FileState, Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.pictures.file_reading import broken_rows, one_row, row_page
from taskmanager_gateway.web.shell.render import page

router = APIRouter(dependencies=[needs(Right.READ)])

NUMBER_MOST = 10_000_000


class FilesAddress(Record):
    """Which files."""

    state: FileState | None = None
    after: Annotated[int, Field(ge=0, le=NUMBER_MOST)] = 0


@router.get("/jobs/{job_id}/files")
async def files(
    request: Request, job_id: str, asked: Annotated[FilesAddress, Query()], who: Caller
) -> Response:
    """The list; the small pictures are requested as they come into view."""
    found = await row_page(request, job_id, who, state=asked.state, after=asked.after)
    context = {
        "found": found,
        "job": found.job,
        "broken": await broken_rows(request, found, who),
        "refusal": services_of(request).pictures.refusal,
    }
    return await page(request, "pictures/list.html", context)


@router.get("/jobs/{job_id}/files/{number}")
async def one(
    request: Request, job_id: str, number: Annotated[int, Path(ge=1, le=NUMBER_MOST)], who: Caller
) -> Response:
    """One file and its result, side by side."""
    found, row = await one_row(request, job_id, who, number)
    context = {
        "found": found,
        "job": found.job,
        "row": row,
        "refusal": services_of(request).pictures.refusal,
    }
    return await page(request, "pictures/one.html", context)

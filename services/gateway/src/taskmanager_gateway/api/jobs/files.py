"""The results of a job, file by file."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import FileState, Record, ShortText
from taskmanager.model.queries import PAGE_LIMIT
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, page_links, problems
from taskmanager_gateway.http.problems import INVALID_CURSOR, INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_JOB
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.file_views import FilesView
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])


class FilesQuery(Record):
    """Which files of a job."""

    state: FileState | None = None
    cursor: Annotated[ShortText | None, Field(description="`next_cursor` of the previous page.")] = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


@router.get(
    "/jobs/{job_id}/files",
    summary="List the files of a job",
    response_model=FilesView,
    responses=problems(UNKNOWN_JOB, INVALID_CURSOR, INVALID_REQUEST, STORE_UNAVAILABLE),
)
async def list_files(
    request: Request, job_id: str, query: Annotated[FilesQuery, Query()], who: Caller
) -> Response:
    """What the plugin reported about each file, in that order: properties of the file and of its result.

    For the last attempt, even while it runs; empty for a plugin that reports nothing about files, and after
    the job's log has been deleted. For the next page, send `cursor` = `next_cursor` with the same `state`.
    """
    files = services_of(request).files
    job, page = await files.page(job_id, who, state=query.state, cursor=query.cursor, limit=query.limit)
    return json_answer(FilesView.of(job, page, page_links(request, page.next_cursor)))

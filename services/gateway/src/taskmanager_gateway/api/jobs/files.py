"""What became of the files of a job."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import FileState, Record, ShortText
from taskmanager.model.queries import PAGE_LIMIT
from taskmanager_gateway.access.auth_context import Asker
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
    cursor: Annotated[ShortText | None, Field(description="`next_cursor` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


@router.get(
    "/jobs/{job_id}/files",
    summary="The files of a job",
    response_model=FilesView,
    responses=problems(UNKNOWN_JOB, INVALID_CURSOR, INVALID_REQUEST, STORE_UNAVAILABLE),
)
async def list_files(
    request: Request, job_id: str, query: Annotated[FilesQuery, Query()], who: Asker
) -> Response:
    """What the plugin said of each file, in that order: facts of the file and of what was made of it.

    Of the last attempt, also while it runs; empty for a plugin that tells nothing of files, and once the
    job's log is deleted. Go on with `cursor` = `next_cursor` and the same `state`.
    """
    files = services_of(request).files
    job, page = await files.page(job_id, who, state=query.state, cursor=query.cursor, limit=query.limit)
    return json_answer(FilesView.of(job, page, page_links(request, page.next_cursor)))

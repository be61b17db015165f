"""What browsers load of a picture: the small one, tiles, words; all with the rights of its job.

What cannot be shown is said in its place by a part of the page; the pictures themselves answer with problems.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import pictures
from taskmanager_gateway.http.problems import (
    FILE_SYSTEM_SLOW,
    NO_PICTURE,
    PATH_REFUSED,
    PICTURE_CHANGING,
    PICTURE_UNREADABLE,
    PICTURES_BUSY,
    PICTURES_MISSING,
    ProblemError,
)
from taskmanager_gateway.pictures.places import NAME_MOST, Side
from taskmanager_gateway.pictures.reader.orders import OVERLAP, TILE_SIDE, Wanted
from taskmanager_gateway.pictures.service import Shown
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.pictures.file_rows import PictureOf
from taskmanager_gateway.web.shell.render import fragment

router = APIRouter(dependencies=[needs(Right.READ)])

PAGES_MOST = 100_000
LEVELS_MOST = 32
COLUMNS_MOST = 1_000_000
KEPT = "private, max-age=600"
"""An address with the version of its file never means another picture."""
ASKED_AGAIN = "private, no-cache"
NOT_MODIFIED = 304
SAID_IN_PLACE = frozenset(
    {
        FILE_SYSTEM_SLOW,
        NO_PICTURE,
        PATH_REFUSED,
        PICTURE_CHANGING,
        PICTURE_UNREADABLE,
        PICTURES_BUSY,
        PICTURES_MISSING,
    }
)
"""What is about one file; anything else concerns the job, or the page."""


class PictureAddress(Record):
    """Which file, and which page of it."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_MOST)]
    page: Annotated[int, Field(ge=1, le=PAGES_MOST)] = 1
    version: Annotated[str, Field(max_length=40)] = ""
    """Of the file, as the page saw it."""


class TileAddress(PictureAddress):
    """Which tile of it, as Deep Zoom counts."""

    level: Annotated[int, Field(ge=0, le=LEVELS_MOST)]
    column: Annotated[int, Field(ge=0, le=COLUMNS_MOST)]
    row: Annotated[int, Field(ge=0, le=COLUMNS_MOST)]


Asked = Annotated[PictureAddress, Query()]


@router.get("/jobs/{job_id}/pictures/{side}/thumbnail")
async def thumbnail(request: Request, job_id: str, side: Side, asked: Asked, who: Caller) -> Response:
    """The small picture, as JPEG."""
    shown = await _shown(request, job_id, side, asked, who, Wanted.THUMBNAIL)
    return _image(request, shown, asked, "thumbnail", shown.made.parts[""])


@router.get("/jobs/{job_id}/pictures/{side}/tile")
async def tile(
    request: Request, job_id: str, side: Side, asked: Annotated[TileAddress, Query()], who: Caller
) -> Response:
    """One tile, as JPEG."""
    shown = await _shown(request, job_id, side, asked, who, Wanted.PYRAMID)
    place = f"{asked.level}/{asked.column}_{asked.row}"
    content = shown.made.parts.get(place)
    if content is None:
        raise ProblemError(NO_PICTURE, pictures.NO_TILE())
    return _image(request, shown, asked, place, content)


@router.get("/ui/jobs/{job_id}/pictures/{side}/small")
async def small(request: Request, job_id: str, side: Side, asked: Asked, who: Caller) -> Response:
    """The small picture as a part of the page, or why there is none."""
    return await _part(request, job_id, side, asked, who, Wanted.THUMBNAIL)


@router.get("/ui/jobs/{job_id}/pictures/{side}/large")
async def large(request: Request, job_id: str, side: Side, asked: Asked, who: Caller) -> Response:
    """The large picture as a part of the page, or why there is none."""
    return await _part(request, job_id, side, asked, who, Wanted.PYRAMID)


@router.get("/ui/jobs/{job_id}/pictures/words")
async def words(request: Request, job_id: str, asked: Asked, who: Caller) -> Response:
    """The recognised words of a result and their places, or why there are none."""
    try:
        shown = await _shown(request, job_id, Side.RESULT, asked, who, Wanted.WORDS)
    except ProblemError as error:
        return _refused(request, error, f"/ui/jobs/{job_id}/pictures/words?{request.url.query}")
    return fragment(request, "pictures/words.html", {"words": shown.made.words})


async def _part(
    request: Request, job_id: str, side: Side, asked: PictureAddress, who: Principal, wanted: Wanted
) -> Response:
    picture = PictureOf(job_id, side, asked.name)
    part = "small" if wanted is Wanted.THUMBNAIL else "large"
    try:
        shown = await _shown(request, job_id, side, asked, who, wanted)
    except ProblemError as error:
        return _refused(request, error, picture.address(part, page=asked.page))
    context = {
        "picture": picture,
        "shown": shown.made,
        "page_number": asked.page,
        "query": {"page": asked.page, "version": shown.version},
        "tile_side": TILE_SIDE,
        "overlap": OVERLAP,
    }
    return fragment(request, f"pictures/{part}.html", context)


async def _shown(
    request: Request, job_id: str, side: Side, asked: PictureAddress, who: Principal, wanted: Wanted
) -> Shown:
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    return await services.pictures.show(job, side, asked.name, wanted, asked.page)


def _refused(request: Request, error: ProblemError, again: str) -> Response:
    """Says why; asks again by itself where waiting helps. A job out of reach is an error of the page."""
    problem = error.problem
    if problem.kind not in SAID_IN_PLACE:
        raise error
    context = {"problem": problem, "again": again if problem.kind is PICTURES_BUSY else None}
    return fragment(request, "pictures/unshown.html", context)


def _image(request: Request, shown: Shown, asked: PictureAddress, part: str, content: bytes) -> Response:
    tag = f'"{shown.version}-{asked.page}-{part.replace("/", "-")}"'
    headers = {"ETag": tag, "Cache-Control": KEPT if asked.version == shown.version else ASKED_AGAIN}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    return Response(content, headers=headers, media_type="image/jpeg")

"""Reads the body of a request, enforcing its size limit while reading."""

from collections.abc import Collection

from starlette.requests import Request

from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.body_limits import declared_bytes
from taskmanager_gateway.http.problems import (
    UNSUPPORTED_MEDIA_TYPE,
    ProblemError,
    body_too_large,
)

JSON = "application/json"


async def read_body(request: Request, limit_bytes: int, media_types: Collection[str] = (JSON,)) -> bytes:
    """The whole body; raises ProblemError if its declared media type is not allowed, or if it is too large.

    The time it may take is limited by `body_limits`.
    """
    _check_media_type(request, media_types)
    if declared_bytes(request.headers) > limit_bytes:
        raise body_too_large(limit_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise body_too_large(limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def media_type(request: Request) -> str:
    """The declared media type of the body; JSON if there is none."""
    return request.headers.get("content-type", JSON).partition(";")[0].strip().lower()


def _check_media_type(request: Request, allowed: Collection[str]) -> None:
    if media_type(request) not in allowed or "content-encoding" in request.headers:
        given = request.headers.get("content-type", JSON)
        detail = problems.NOT_JSON(type=given[:100])
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, detail)

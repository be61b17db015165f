"""From the bytes of a request to job specifications: limits kept while reading, strict types, no guess."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from taskmanager.model.jobs import JobSpec
from taskmanager.model.reasons import Reason
from taskmanager_gateway.bounds import declared_bytes
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.identity import Submitter, Wish, checked_key
from taskmanager_gateway.problems import (
    INVALID_REQUEST,
    UNSUPPORTED_MEDIA_TYPE,
    FieldError,
    Problem,
    ProblemError,
    body_too_large,
    field_problem,
    malformed_body,
    validation_problem,
)
from taskmanager_gateway.storable import storage_errors

JSON = "application/json"
_NUL = rb"\u0000"
_KEY = "idempotency_key"


class BatchItem(JobSpec):
    """A job of a batch, with a key of its own that makes a repeat harmless."""

    idempotency_key: str | None = Field(default=None, min_length=1, max_length=255)


_ITEM_KEY: TypeAdapter[str | None] = TypeAdapter(str | None)


async def read_body(request: Request, limit_bytes: int, media_types: Collection[str] = (JSON,)) -> bytes:
    """The whole body; raises ProblemError if it is of another kind by its own word, or too large.

    How long it may take is the business of `bounds`.
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
    """What the body calls itself; JSON if it does not say."""
    return request.headers.get("content-type", JSON).partition(";")[0].strip().lower()


def _check_media_type(request: Request, allowed: Collection[str]) -> None:
    if media_type(request) not in allowed or "content-encoding" in request.headers:
        given = request.headers.get("content-type", JSON)
        detail = problems.NOT_JSON(type=given[:100])
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, detail)


def parse_job(body: bytes) -> JobSpec:
    """The specification in a body; raises ProblemError that lists every wrong field."""
    try:
        spec = JobSpec.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _invalid(error) from error
    return _storable(spec, suspicious=_NUL in body)


def _storable(spec: JobSpec, *, suspicious: bool) -> JobSpec:
    if (suspicious or spec.parameters) and (errors := storage_errors(spec)):
        raise field_problem(INVALID_REQUEST, errors)
    return spec


def _invalid(error: ValidationError) -> ProblemError:
    return validation_problem(error.errors(include_url=False, include_input=False))


@dataclass(frozen=True, slots=True)
class BatchParser:
    """Reads a batch: what is wrong with one item stays with that item."""

    limit: int

    def parse(self, body: bytes, by: Submitter) -> list[Wish | Problem]:
        """A wish or a problem for each item; raises ProblemError if it is no batch at all."""
        suspicious = _NUL in body
        return [self._item(item, by, suspicious=suspicious) for item in self._items(body)]

    def _items(self, body: bytes) -> list[Any]:
        try:
            document = from_json(body)
        except ValueError as error:
            raise malformed_body(str(error)) from error
        jobs = document.get("jobs") if isinstance(document, dict) else None
        if not isinstance(jobs, list) or len(document) > 1:
            raise _batch_problem(faults.NO_BATCH())
        if not 1 <= len(jobs) <= self.limit:
            raise _batch_problem(faults.BATCH_SIZE(size=len(jobs), most=self.limit))
        return jobs

    def _item(self, item: Any, by: Submitter, *, suspicious: bool) -> Wish | Problem:
        key = item.pop(_KEY, None) if isinstance(item, dict) else None
        try:
            spec = _storable(JobSpec.model_validate(item, strict=True), suspicious=suspicious)
            return Wish.of(spec, by, checked_key(_ITEM_KEY.validate_python(key, strict=True)))
        except ValidationError as error:
            return _invalid(error).problem
        except ProblemError as error:
            return error.problem


def _batch_problem(fault: Reason) -> ProblemError:
    return field_problem(INVALID_REQUEST, [FieldError.of("jobs", fault)])

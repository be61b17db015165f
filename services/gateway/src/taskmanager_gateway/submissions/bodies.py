"""From a request's bytes to job specifications: limits enforced while reading, strict types, no guessing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from taskmanager.model.jobs import JobSpec
from taskmanager.model.reasons import Reason
from taskmanager_gateway.access.auth_context import AuthContext
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import (
    INVALID_REQUEST,
    FieldError,
    Problem,
    ProblemError,
    field_problem,
    malformed_body,
    validation_problem,
)
from taskmanager_gateway.submissions.chains import AFTER, check_callbacks, error_of_link, links_of
from taskmanager_gateway.submissions.idempotency import Submission, checked_key
from taskmanager_gateway.submissions.storable import storage_errors

_NUL = rb"\u0000"
ITEM_KEY = "idempotency_key"
"""The field of an item of a batch that is not one of `JobSpec`: a key of its own makes a repeat harmless."""


_ITEM_KEY: TypeAdapter[str | None] = TypeAdapter(str | None)


def parse_job(body: bytes) -> Sequence[JobSpec]:
    """Parse the job in a body, and those that follow it; raises ProblemError with all wrong fields."""
    try:
        spec = JobSpec.model_validate_json(body, strict=True)
    except ValidationError as error:
        if any(one["loc"] == (AFTER,) for one in error.errors()):
            return _chain(from_json(body), suspicious=_NUL in body)
        raise _invalid(error) from error
    return (_storable(spec, suspicious=_NUL in body),)


def _chain(document: dict[str, Any], *, suspicious: bool) -> Sequence[JobSpec]:
    """The job and those that follow it."""
    links = links_of(document)
    jobs = [_link(one, number, suspicious=suspicious) for number, one in enumerate((document, *links))]
    check_callbacks(jobs)
    return jobs


def _link(document: Mapping[str, Any], number: int, *, suspicious: bool) -> JobSpec:
    try:
        return _storable(JobSpec.model_validate(document, strict=True), suspicious=suspicious)
    except ValidationError as error:
        raise error_of_link(_invalid(error), number) from error
    except ProblemError as error:
        raise error_of_link(error, number) from error


def _storable(spec: JobSpec, *, suspicious: bool) -> JobSpec:
    if (suspicious or spec.parameters) and (errors := storage_errors(spec)):
        raise field_problem(INVALID_REQUEST, errors)
    return spec


def _invalid(error: ValidationError) -> ProblemError:
    return validation_problem(error.errors(include_url=False, include_input=False))


@dataclass(frozen=True, slots=True)
class BatchParser:
    """Reads a batch; an error in one item does not affect the others."""

    limit: int

    def parse(self, body: bytes, by: AuthContext) -> list[Submission | Problem]:
        """A submission or a problem for each item; raises ProblemError if the body is not a batch."""
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

    def _item(self, item: Any, by: AuthContext, *, suspicious: bool) -> Submission | Problem:
        key = item.pop(ITEM_KEY, None) if isinstance(item, dict) else None
        try:
            if isinstance(item, dict) and AFTER in item:
                spec, *after = _chain(item, suspicious=suspicious)
            else:
                spec, after = _storable(JobSpec.model_validate(item, strict=True), suspicious=suspicious), []
            return Submission.of(spec, by, checked_key(_ITEM_KEY.validate_python(key, strict=True)), after)
        except ValidationError as error:
            return _invalid(error).problem
        except ProblemError as error:
            return error.problem


def _batch_problem(fault: Reason) -> ProblemError:
    return field_problem(INVALID_REQUEST, [FieldError.of("jobs", fault)])

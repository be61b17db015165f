"""Submitting jobs."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_gateway.access.auth_context import auth_context_of
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import (
    OUTCOME_HEADER,
    Answers,
    RawRoute,
    json_answer,
    json_request,
    problems,
)
from taskmanager_gateway.http.examples import BATCH, SPECIFICATION
from taskmanager_gateway.http.problems import (
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    BROKER_UNAVAILABLE,
    FILE_SYSTEM_SLOW,
    INVALID_PARAMETERS,
    INVALID_REQUEST,
    KEY_REUSED,
    MALFORMED_BODY,
    NOT_ACCEPTING,
    PATH_REFUSED,
    PLUGIN_UNUSABLE,
    PLUGINS_UNKNOWN,
    UNKNOWN_PLUGIN,
    UNKNOWN_PRESET,
    UNKNOWN_TEMPLATE,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    ProblemDocument,
)
from taskmanager_gateway.http.request_body import read_body
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.presets.filling import misfit
from taskmanager_gateway.services import services_of
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome, SubmissionResult
from taskmanager_gateway.submissions.bodies import BatchParser, parse_job
from taskmanager_gateway.submissions.idempotency import (
    KEY_HEADER,
    KEY_LENGTH,
    Submission,
    checked_key,
)
from taskmanager_gateway.submissions.views import BatchResult, BatchView

router = APIRouter(prefix=API, tags=["Submitting"], route_class=RawRoute, dependencies=[needs(Right.SUBMIT)])

_STATUS = {SubmissionOutcome.ACCEPTED: 202, SubmissionOutcome.REPLAYED: 202, SubmissionOutcome.DUPLICATE: 200}
_OF_THE_BODY = (BODY_TIMEOUT, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY, INVALID_REQUEST)
_OF_THE_JOB = (
    INVALID_PARAMETERS,
    PATH_REFUSED,
    KEY_REUSED,
    UNKNOWN_PLUGIN,
    UNKNOWN_TEMPLATE,
    UNKNOWN_PRESET,
    NOT_ACCEPTING,
)
_OF_THE_SYSTEM = (BROKER_UNAVAILABLE, PLUGINS_UNKNOWN, FILE_SYSTEM_SLOW, PLUGIN_UNUSABLE)
_TAKEN: dict[str, Any] = {
    "description": "The job was accepted, now or by an earlier request with the same Idempotency-Key",
    "headers": {
        "Location": {"description": "URL of the job", "schema": {"type": "string"}},
        OUTCOME_HEADER: {"description": "`accepted` or `replayed`", "schema": {"type": "string"}},
    },
}
KEY_PARAMETER: dict[str, Any] = {
    "parameters": [
        {
            "name": KEY_HEADER,
            "in": "header",
            "description": "Makes the request safe to repeat: the same key yields the same job",
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
        }
    ]
}
_ANSWERS: Answers = {
    200: {
        "description": "Nothing was accepted: the job already in the queue with this `unique` key",
        "model": JobView,
    },
    202: _TAKEN,
}


@router.post(
    "/jobs",
    summary="Submit a job",
    status_code=202,
    response_model=JobView,
    responses=_ANSWERS | problems(*_OF_THE_BODY, *_OF_THE_JOB, *_OF_THE_SYSTEM),
    openapi_extra=json_request("JobRequest", SPECIFICATION) | KEY_PARAMETER,
)
async def submit(request: Request) -> Response:
    """Submit one job, or with `after` a chain of jobs, of which the answer is the first.

    With an `Idempotency-Key` a repeated request is harmless: it gets the same job.
    """
    services = services_of(request)
    key = checked_key(request.headers.get(KEY_HEADER))
    by = auth_context_of(request)
    body = await read_body(request, services.settings.body_limit_bytes)
    body, presets = await services.presets.fill(body, by.principal)
    spec, *after = parse_job(body)
    result = await services.submissions.submit(Submission.of(spec, by, key, after))
    if isinstance(result, Problem):
        return misfit(result, presets).response()
    failpoint(Failpoint.GATEWAY_BEFORE_ANSWER)
    headers = {"Location": f"{API}/jobs/{result.job.id}", OUTCOME_HEADER: result.outcome}
    return json_answer(JobView.of(result.job), _STATUS[result.outcome], headers)


@router.post(
    "/jobs/batch",
    summary="Submit many jobs",
    response_model=BatchView,
    responses=problems(*_OF_THE_BODY),
    openapi_extra=json_request("Batch", BATCH),
)
async def submit_batch(request: Request) -> Response:
    """Submit many jobs. Each item gets its own result, in order; an invalid one does not stop the others."""
    services = services_of(request)
    parser = BatchParser(services.settings.batch_limit)
    submissions = parser.parse(
        await read_body(request, services.settings.batch_body_limit_bytes), auth_context_of(request)
    )
    results = await services.submissions.submit_all(submissions)
    taken = sum(isinstance(result, SubmissionResult) for result in results)
    view = BatchView.model_construct(
        accepted=taken, refused=len(results) - taken, results=[_item(result) for result in results]
    )
    return json_answer(view)


def _item(result: SubmissionResult | Problem) -> BatchResult:
    if isinstance(result, Problem):
        document = ProblemDocument.model_construct(**result.document())
        return BatchResult.model_construct(
            status=result.kind.status, id=None, outcome=None, job=None, problem=document
        )
    job = JobView.of(result.job)
    return BatchResult.model_construct(
        status=_STATUS[result.outcome], id=job.id, outcome=result.outcome, job=job, problem=None
    )

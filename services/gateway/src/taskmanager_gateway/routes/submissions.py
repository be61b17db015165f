"""Submitting jobs."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_gateway.acceptance import Answer, Outcome
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.bodies import BatchParser, parse_job, read_body
from taskmanager_gateway.examples import BATCH, SPECIFICATION
from taskmanager_gateway.identity import KEY_HEADER, KEY_LENGTH, Submitter, Wish, checked_key
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.problems import (
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
    UNKNOWN_TEMPLATE,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    ProblemDocument,
)
from taskmanager_gateway.representation import API, BatchResult, BatchView, JobView
from taskmanager_gateway.routes.answers import Answers, RawRoute, json_answer, json_request, problems

router = APIRouter(prefix=API, tags=["Submitting"], route_class=RawRoute, dependencies=[needs(Right.SUBMIT)])

OUTCOME_HEADER = "Taskmanager-Outcome"
_STATUS = {Outcome.ACCEPTED: 202, Outcome.REPLAYED: 202, Outcome.DUPLICATE: 200}
_OF_THE_BODY = (BODY_TIMEOUT, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY, INVALID_REQUEST)
_OF_THE_JOB = (INVALID_PARAMETERS, PATH_REFUSED, KEY_REUSED, UNKNOWN_PLUGIN, UNKNOWN_TEMPLATE, NOT_ACCEPTING)
_OF_THE_SYSTEM = (BROKER_UNAVAILABLE, PLUGINS_UNKNOWN, FILE_SYSTEM_SLOW, PLUGIN_UNUSABLE)
_TAKEN: dict[str, Any] = {
    "description": "The job is taken, by this request or, under the same Idempotency-Key, by an earlier one",
    "headers": {
        "Location": {"description": "Where the job is", "schema": {"type": "string"}},
        OUTCOME_HEADER: {"description": "`accepted` or `replayed`", "schema": {"type": "string"}},
    },
}
KEY_PARAMETER: dict[str, Any] = {
    "parameters": [
        {
            "name": KEY_HEADER,
            "in": "header",
            "description": "Makes a repeat harmless: the same key is the same job",
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
        }
    ]
}
_ANSWERS: Answers = {
    200: {
        "description": "Nothing new is taken: the job in the queue that holds the `unique` key",
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
    openapi_extra=json_request("JobSpec", SPECIFICATION) | KEY_PARAMETER,
)
async def submit(request: Request) -> Response:
    """Take one job. With an `Idempotency-Key` a repeat is harmless: it gets the same job."""
    parts = parts_of(request)
    key = checked_key(request.headers.get(KEY_HEADER))
    spec = parse_job(await read_body(request, parts.settings.body_limit_bytes))
    result = await parts.submissions.submit(Wish.of(spec, Submitter.of(request), key))
    if isinstance(result, Problem):
        return result.response()
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
    """Take many jobs. Each item gets its own result, in order; a bad one does not stop the others."""
    parts = parts_of(request)
    parser = BatchParser(parts.settings.batch_limit)
    wishes = parser.parse(
        await read_body(request, parts.settings.batch_body_limit_bytes), Submitter.of(request)
    )
    results = await parts.submissions.submit_all(wishes)
    taken = sum(isinstance(result, Answer) for result in results)
    view = BatchView.model_construct(
        accepted=taken, refused=len(results) - taken, results=[_item(result) for result in results]
    )
    return json_answer(view)


def _item(result: Answer | Problem) -> BatchResult:
    if isinstance(result, Problem):
        document = ProblemDocument.model_construct(**result.document())
        return BatchResult.model_construct(
            status=result.kind.status, id=None, outcome=None, job=None, problem=document
        )
    job = JobView.of(result.job)
    return BatchResult.model_construct(
        status=_STATUS[result.outcome], id=job.id, outcome=result.outcome, job=job, problem=None
    )

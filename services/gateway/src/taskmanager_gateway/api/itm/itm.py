"""The routes of ITM, the system Goobi users know: submitting jobs, and whether they are accepted."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Right
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_gateway.access.auth_context import auth_context_of
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.error_handlers import STORE_AWAY
from taskmanager_gateway.api.jobs.submissions import KEY_PARAMETER
from taskmanager_gateway.api.responses import OUTCOME_HEADER, Answers, RawRoute
from taskmanager_gateway.http.examples import ITM_CALL
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
    UNKNOWN_JOB_TYPE,
    UNKNOWN_PRESET,
    UNKNOWN_TEMPLATE,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    ProblemError,
    ProblemKind,
)
from taskmanager_gateway.http.request_body import media_type, read_body
from taskmanager_gateway.http.views import API
from taskmanager_gateway.itm import answers
from taskmanager_gateway.itm.fields import FORM, MEDIA_TYPES, read_call
from taskmanager_gateway.itm.translation import specification
from taskmanager_gateway.presets.filling import misfit
from taskmanager_gateway.services import services_of
from taskmanager_gateway.submissions.chains import check_callbacks, error_of_link, with_one_key
from taskmanager_gateway.submissions.idempotency import KEY_HEADER, Submission, checked_key

PREFIX = "/itm"
PAGES = "/docs"
"""Where people are redirected who open ITM's address in a browser."""
TAGS: list[Any] = ["ITM"]


class ItmAnswer(BaseModel):
    """The answer that callers of ITM get."""

    STATUS: str = Field(examples=["OK"], description="`OK` or `ERROR`.")
    ERRORMESSAGE: str | None = Field(
        default=None, description="What was wrong, in one line, or `Job already in DB, not adding it!`."
    )
    JOBID: str | None = Field(
        default=None, description="The id of the job: the one accepted, or the one already active."
    )
    type: str | None = Field(default=None, description="The problem type, for programs.")
    code: str | None = Field(default=None, description="What `ERRORMESSAGE` says, for programs.")


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def telling_as_itm(call: Handler) -> Handler:
    """Wrap a handler to answer errors the way ITM's callers expect; defects pass through."""

    async def handle(request: Request) -> Response:
        try:
            return await call(request)
        except ProblemError as error:
            return answers.refused(error.problem)
        except StoreUnavailableError:
            return answers.refused(STORE_AWAY)

    return handle


class ItmRawRoute(RawRoute):
    """Route for submissions, which are frequent."""

    def get_route_handler(self) -> Handler:
        """A handler that calls the function with the request."""
        return telling_as_itm(super().get_route_handler())


class ItmRoute(APIRoute):
    """Route for reading."""

    def get_route_handler(self) -> Handler:
        """A handler that calls the function with its parameters."""
        return telling_as_itm(super().get_route_handler())


def itm_problems(*kinds: ProblemKind) -> Answers:
    """The error responses of a route for the OpenAPI document."""
    described: Answers = {}
    for kind in kinds:
        before = described.get(kind.status, {}).get("description")
        text = f"{kind.title} (`{kind.name}`)"
        described[kind.status] = {"description": f"{before}. {text}" if before else text, "model": ItmAnswer}
    return described


router = APIRouter(prefix=PREFIX, tags=TAGS, route_class=ItmRawRoute)

_OF_THE_BODY = (BODY_TIMEOUT, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY, INVALID_REQUEST)
_OF_THE_JOB = (
    INVALID_PARAMETERS,
    PATH_REFUSED,
    KEY_REUSED,
    UNKNOWN_JOB_TYPE,
    UNKNOWN_TEMPLATE,
    UNKNOWN_PRESET,
    NOT_ACCEPTING,
)
_OF_THE_SYSTEM = (BROKER_UNAVAILABLE, PLUGINS_UNKNOWN, FILE_SYSTEM_SLOW, PLUGIN_UNUSABLE)
_ANY: dict[str, Any] = {"type": ["object", "array"]}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _ANY, "example": ITM_CALL},
            FORM: {"schema": {"type": "object"}, "example": ITM_CALL},
        },
    }
}


@router.post(
    "/service",
    summary="Submit a job through the ITM interface",
    response_model=ItmAnswer,
    responses=itm_problems(*_OF_THE_BODY, *_OF_THE_JOB, *_OF_THE_SYSTEM),
    openapi_extra=_BODY | KEY_PARAMETER,
    dependencies=[needs(Right.SUBMIT)],
)
async def submit(request: Request) -> Response:
    """Submit a job under the field names of ITM: as JSON, a form, or the list of the TaskClient library.

    An error has `STATUS` `ERROR`, the reason in `ERRORMESSAGE` and an HTTP status of 400 or more. For a job
    that is already active, the answer is `Job already in DB, not adding it!` with its `JOBID`.
    """
    services = services_of(request)
    settings = services.settings
    key = checked_key(request.headers.get(KEY_HEADER))
    body = await read_body(request, settings.body_limit_bytes, MEDIA_TYPES)
    call = read_call(body, media_type(request))
    by = auth_context_of(request)
    specs = []
    for number, one in enumerate((call, *call.after)):
        try:
            word = one.job_type or settings.itm_default_job_type
            target = await services.job_types.find(word, by.principal)
            made = specification(one, target, derive_unique=settings.itm_unique)
            if one.preset is not None:
                made = await services.presets.fill_spec(made, one.preset, by.principal)
            specs.append(made)
        except ProblemError as error:
            raise error_of_link(error, number) from error
    spec, *after = with_one_key(specs)
    check_callbacks((spec, *after))
    result = await services.submissions.submit(Submission.of(spec, by, key, after))
    if isinstance(result, Problem):
        return answers.refused(misfit(result, [one.preset for one in (call, *call.after) if one.preset]))
    failpoint(Failpoint.GATEWAY_BEFORE_ANSWER)
    headers = {"Location": f"{API}/jobs/{result.job.id}", OUTCOME_HEADER: result.outcome}
    return answers.taken(result, settings.itm_duplicate, headers)


_NOT_READY: Answers = {503: {"description": "Jobs are not accepted at present", "model": ItmAnswer}}


@router.get(
    "/service", summary="Check whether jobs are accepted", response_model=ItmAnswer, responses=_NOT_READY
)
async def health(request: Request) -> Response:
    """For load balancers, which check this address; `ERRORMESSAGE` says what is missing."""
    found = {name: check() for name, check in services_of(request).checks.items()}
    return answers.healthy({name: wrong for name, wrong in found.items() if wrong is not None})


async def _to_the_pages(_: Request) -> Response:
    """Redirect people who open the old address in a browser."""
    return RedirectResponse(PAGES)


BESIDE = [
    Route(f"{PREFIX}/service", health, methods=["HEAD"]),  # some load balancers send HEAD
    *(Route(path, _to_the_pages) for path in (PREFIX, f"{PREFIX}/")),
]
"""Routes that are not part of the documented interface."""

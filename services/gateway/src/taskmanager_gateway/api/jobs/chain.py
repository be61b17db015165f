"""The jobs of a chain, each of which starts when the one before it is done."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import Record
from taskmanager.model.states import Status
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.http.problems import STORE_UNAVAILABLE, UNKNOWN_JOB
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])


class ChainView(Record):
    """The jobs in their order; `done` and `total` count those of the whole chain that the caller may see."""

    job: str
    done: int
    total: int
    jobs: list[JobView]


@router.get(
    "/jobs/{job_id}/chain",
    summary="Show the chain of a job",
    response_model=ChainView,
    responses=problems(UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_chain(request: Request, job_id: str, who: Caller) -> Response:
    """The jobs that were submitted together with `after`; none for a job that belongs to no chain."""
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    jobs = await services.finder.chain(job, who)
    reasons = await services.reasons.of_page(jobs)
    view = ChainView.model_construct(
        job=job.id,
        done=sum(one.status is Status.DONE for one in jobs),
        total=len(jobs),
        jobs=[JobView.of(one, reasons.get(one.id)) for one in jobs],
    )
    return json_answer(view)

"""One job: its details as a page with an address of its own and as a pop-up, from the same templates."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import FileState, Job
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reports import ReportQuery
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.http.problems import INVALID_CURSOR, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.jobs.job_details import JobDetails, job_details
from taskmanager_gateway.web.jobs.job_files import ROWS, FileList, file_list
from taskmanager_gateway.web.reports.report_rows import ReportLine, report_lines
from taskmanager_gateway.web.shell.render import fragment, overview_of, page
from taskmanager_gateway.web.shell.visitor import Visitor

router = APIRouter(dependencies=[needs(Right.READ)])

REPORTS_SHOWN = 50


@router.get("/jobs/{job_id}")
async def show(request: Request, job_id: str, who: Caller) -> Response:
    """The page of a job."""
    return await page(request, "job/page.html", await _whole(request, job_id, who))


@router.get("/ui/jobs/{job_id}")
async def pop_up(request: Request, job_id: str, who: Caller) -> Response:
    """The same details as a pop-up."""
    return fragment(request, "job/dialog.html", await _whole(request, job_id, who))


@router.get("/ui/jobs/{job_id}/now")
async def now(request: Request, job_id: str, who: Caller) -> Response:
    """The part of both that changes."""
    return fragment(request, "job/now.html", {"it": await _details(request, job_id, who)})


@router.get("/ui/jobs/{job_id}/files")
async def files(
    request: Request, job_id: str, who: Caller, cursor: str | None = None, state: str = ""
) -> Response:
    """The list of files from its beginning or, with a cursor, further rows."""
    chosen = FileState(state) if state in set(FileState) else None
    try:
        found = await _files(request, job_id, who, chosen, cursor)
    except ProblemError as problem:
        if problem.problem.kind is not INVALID_CURSOR or cursor is None:
            raise
        answer = fragment(request, "job/files.html", {"files": await _files(request, job_id, who, chosen)})
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#job-files", "innerHTML"
        return answer  # another attempt has begun: its list replaces the old one
    template = "job/files.html" if cursor is None else "job/file_rows.html"
    return fragment(request, template, {"files": found})


async def _files(
    request: Request, job_id: str, who: Principal, state: FileState | None = None, cursor: str | None = None
) -> FileList:
    read = services_of(request).files
    job, found = await read.page(job_id, who, state=state, cursor=cursor, limit=ROWS)
    return file_list(job, found, state=state, cursor=cursor)


async def _whole(request: Request, job_id: str, who: Principal) -> dict[str, object]:
    """The job and its files; if these cannot be read, the job is shown without them."""
    details = await _details(request, job_id, who)
    try:
        return {"it": details, "files": await _files(request, job_id, who)}
    except StoreUnavailableError:
        return {"it": details, "files": None}


async def _details(request: Request, job_id: str, who: Principal) -> JobDetails:
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    overview = await overview_of(request)
    plugin = overview.plugin(job.plugin)
    return job_details(
        job,
        who,
        services.goobi,
        now=services.clock.now(),
        plugin_title=plugin.manifest.title if plugin else None,
        chain=await _chain(request, job, who),
        template_default=plugin.manifest.template_default if plugin else None,
        template_title=_template_title(request, job, plugin.manifest) if plugin else "",
        titles=overview.titles,
        waiting=await services.reasons.of_one(job),
        reports=await _reports(request, job, who),
    )


def _template_title(request: Request, job: Job, manifest: PluginManifest) -> str:
    name = job.spec.template or manifest.template_default
    known = name in manifest.templates
    return manifest.template_title_in(Visitor.of(request).language, name) if name and known else ""


async def _chain(request: Request, job: Job, who: Principal) -> list[Job] | None:
    """The jobs of its chain; None if they cannot be read."""
    try:
        return await services_of(request).finder.chain(job, who)
    except StoreUnavailableError:
        return None


async def _reports(request: Request, job: Job, who: Principal) -> list[ReportLine] | None:
    """The job's reports, newest first; None if they cannot be read: the job is then shown without them."""
    services = services_of(request)
    try:
        found = await services.reports.page(ReportQuery(job=job.id, limit=REPORTS_SHOWN), who)
    except StoreUnavailableError:
        return None
    return report_lines(found.reports, services.goobi, who)

"""The page on which a person submits a job: plugin, template, folders, and a form made from its schema."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.files.sources import parts_of
from taskmanager.model.access import Right
from taskmanager.model.jobs import PRIORITY_DEFAULT, PRIORITY_HIGHEST, PRIORITY_LOWEST
from taskmanager.model.manifest import Need
from taskmanager_gateway.access.auth_context import Caller, auth_context_of
from taskmanager_gateway.access.plugin_scope import allow, allow_right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.http.problems import Problem, ProblemError
from taskmanager_gateway.plugins.catalogue import KnownPlugin
from taskmanager_gateway.services import services_of
from taskmanager_gateway.submissions.idempotency import Submission, checked_key
from taskmanager_gateway.web.new_job.job_form import JobForm, form_like, form_with, spec_from
from taskmanager_gateway.web.new_job.parameter_fields import parameter_fields
from taskmanager_gateway.web.new_job.presets import Preset, form_of, preset_shown, presets_of
from taskmanager_gateway.web.shell.render import done, fragment, page, text
from taskmanager_gateway.web.shell.visitor import Visitor

router = APIRouter(dependencies=[needs(Right.SUBMIT)])

KEY_FIELD = "key"
PRIORITIES = range(PRIORITY_HIGHEST, PRIORITY_LOWEST - 1, -1)


@router.get("/new-job")
async def choose(request: Request, who: Caller) -> Response:
    """The plugins to choose from."""
    language = Visitor.of(request).language
    known = await services_of(request).catalogue.installed()
    seen = sorted(
        (one.installed for one in known if who.may(Right.SUBMIT, one.installed.name)),
        key=lambda plugin: plugin.manifest.title_in(language).casefold(),
    )
    return await page(request, "new_job/choose.html", {"plugins": seen})


@router.get("/new-job/{plugin}")
async def show(
    request: Request, plugin: str, who: Caller, like: str | None = None, preset: Preset = ""
) -> Response:
    """The form: empty, as the address says, as a job was submitted (`like`), or filled with a preset."""
    known = await _plugin(request, plugin, who)
    manifest = known.installed.manifest
    if like is not None:
        allow_right(who, Right.READ)
        form = form_like(await services_of(request).finder.find(like, who))
    else:
        form = JobForm.of(request.query_params, manifest.parameters)
    chosen = await preset_shown(request, preset, who)
    if chosen is not None:
        form = form_with(form, chosen)
    context = {
        "manifest": manifest,
        "accepting": known.installed.accepting,
        "form": form,
        "fields": parameter_fields(manifest.parameters, Visitor.of(request).language, form.parameters),
        "priorities": PRIORITIES,
        "default_priority": PRIORITY_DEFAULT,
        "needs_source": manifest.source is Need.REQUIRED,
        "needs_destination": manifest.destination is Need.REQUIRED,
        "takes_source": manifest.source is not Need.UNUSED,
        "takes_destination": manifest.destination is not Need.UNUSED,
        "installations": list(services_of(request).goobi.installations),
        "key": str(uuid4()),
        "presets": await presets_of(request, plugin, who),
        "kept": chosen,
        "may_share": who.may(Right.OPERATE, plugin),
    }
    return await page(request, "new_job/page.html", context)


@router.post("/ui/new-job/{plugin}/look")
async def look(request: Request, plugin: str, who: Caller) -> Response:
    """What the job would take, and what would be refused; nothing is submitted."""
    services = services_of(request)
    known = await _plugin(request, plugin, who)
    manifest = known.installed.manifest
    spec = spec_from(plugin, await form_of(request), manifest.parameters)
    problem = await services.submissions.check(Submission.of(spec, auth_context_of(request), None))
    context = {
        "problem": problem,
        "spec": spec,
        "source": await services.folders.taken(spec.source, parts_of(manifest, spec))
        if problem is None and spec.source
        else None,
        "destination": await services.folders.read(spec.destination)
        if problem is None and spec.destination
        else None,
    }
    return fragment(request, "new_job/look.html", context)


@router.post("/ui/new-job/{plugin}")
async def submit(request: Request, plugin: str, who: Caller) -> Response:
    """Submit the job and go to its page. However often the button is pressed, it is one job."""
    known = await _plugin(request, plugin, who)
    form = await form_of(request)
    spec = spec_from(plugin, form, known.installed.manifest.parameters)
    key = checked_key(form.get(KEY_FIELD))
    result = await services_of(request).submissions.submit(Submission.of(spec, auth_context_of(request), key))
    if isinstance(result, Problem):
        raise ProblemError.of(result)
    answer = done(text(request, "The job was submitted."))
    answer.headers["HX-Redirect"] = f"/jobs/{result.job.id}"
    return answer


@router.get("/ui/folders")
async def folders(
    request: Request,
    field: Annotated[str, Query(pattern="^(source|destination)$")],
    path: Annotated[str, Query(max_length=4096)] = "",
) -> Response:
    """A folder beneath the roots, to choose it or to go on from there."""
    reader = services_of(request).folders
    at_top = not path
    found = None if at_top else await reader.read(path)
    return fragment(
        request,
        "new_job/folders.html",
        {"field": field, "path": path, "roots": reader.roots, "found": found, "at_top": at_top},
    )


async def _plugin(request: Request, name: str, who: Caller) -> KnownPlugin:
    allow(who, name)
    return await services_of(request).catalogue.find(name, who)

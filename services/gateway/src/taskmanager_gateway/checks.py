"""Everything that can be wrong with a well-formed specification, in the order in which it is told."""

from collections.abc import Iterator

from taskmanager.access import Principal
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.jobs import JobSpec
from taskmanager.plugins import Need, PluginManifest
from taskmanager_gateway.catalogue import Catalogue, KnownPlugin
from taskmanager_gateway.problems import (
    INVALID_PARAMETERS,
    INVALID_REQUEST,
    NOT_ACCEPTING,
    UNKNOWN_TEMPLATE,
    FieldError,
    ProblemError,
    field_problem,
)


class SpecificationCheck:
    """Holds a specification against the plugin it is for."""

    def __init__(self, catalogue: Catalogue, goobi: GoobiSettings) -> None:
        """`catalogue` knows the plugins, `goobi` the installations."""
        self._catalogue, self._goobi = catalogue, goobi

    async def check(self, spec: JobSpec, who: Principal) -> None:
        """Return if the plugin takes it; raises ProblemError."""
        known = await self._catalogue.find(spec.plugin, who)
        _check_accepting(known)
        _check_template(spec, known.installed.manifest)
        if errors := list(_goobi_errors(spec, self._goobi)):
            raise field_problem(INVALID_REQUEST, errors)
        if errors := list(_need_errors(spec, known.installed.manifest)):
            raise field_problem(INVALID_REQUEST, errors)
        if errors := known.schema.errors(spec.parameters):
            raise field_problem(INVALID_PARAMETERS, errors)

    def works_in_place(self, spec: JobSpec) -> bool:
        """Whether the job, checked before, may replace its own sources."""
        known = self._catalogue.last_read(spec.plugin)
        return known is not None and known.installed.manifest.works_in_place(spec.template)


def _check_accepting(known: KnownPlugin) -> None:
    if not known.installed.accepting:
        detail = (
            f"An operator closed plugin {known.installed.name} for new jobs. Ask them, or try again later."
        )
        raise ProblemError(NOT_ACCEPTING, detail)


def _check_template(spec: JobSpec, manifest: PluginManifest) -> None:
    """A known template, in one of the spellings Goobi's calls use; the runner reads it by the same rule."""
    if spec.template is None or (manifest.templates and manifest.knows_template(spec.template)):
        return
    known = sorted(manifest.templates)
    advice = f"Use one of: {', '.join(known)}." if known else "It takes none: leave the field out."
    detail = f"Plugin {manifest.name} has no template {spec.template!r}. {advice}"
    raise ProblemError(UNKNOWN_TEMPLATE, detail, known=known)


def _goobi_errors(spec: JobSpec, goobi: GoobiSettings) -> Iterator[FieldError]:
    """Only what can never be delivered; without any installation reports wait until there is one."""
    named = spec.goobi.installation if spec.goobi else None
    if (misfit := goobi.misfit(named)) is not None:
        yield FieldError(field="goobi.installation", message=misfit)
    if spec.callback_url is not None and goobi.installations:
        misfit = goobi.callback_misfit(str(spec.callback_url))
        if misfit is not None:
            yield FieldError(field="callback_url", message=misfit)


def _need_errors(spec: JobSpec, manifest: PluginManifest) -> Iterator[FieldError]:
    if spec.template is None and manifest.templates and manifest.template_default is None:
        known = ", ".join(sorted(manifest.templates))
        yield FieldError(field="template", message=f"plugin {manifest.name} needs one of: {known}")
    paths = {
        "source": (manifest.source, spec.source),
        "destination": (manifest.destination, spec.destination),
    }
    for name, (need, path) in paths.items():
        if need is Need.REQUIRED and path is None:
            yield FieldError(
                field=name, message=f"plugin {manifest.name} needs the absolute path of a {name}"
            )
        if need is Need.UNUSED and path is not None:
            yield FieldError(
                field=name, message=f"plugin {manifest.name} uses no {name}: leave the field out"
            )

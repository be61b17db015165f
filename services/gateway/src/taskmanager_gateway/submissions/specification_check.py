"""Everything that can be wrong with a well-formed specification, in the order in which it is reported."""

from collections.abc import Iterator

from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.access import Principal
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import Need, PluginManifest
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.http.problems import (
    INVALID_PARAMETERS,
    INVALID_REQUEST,
    NOT_ACCEPTING,
    UNKNOWN_TEMPLATE,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.plugins.catalogue import KnownPlugin, PluginCatalogue


class SpecificationCheck:
    """Checks a specification against the plugin it is for."""

    def __init__(self, catalogue: PluginCatalogue, goobi: GoobiSettings) -> None:
        """`catalogue` has the plugins, `goobi` the installations."""
        self._catalogue, self._goobi = catalogue, goobi

    async def check(self, spec: JobSpec, who: Principal) -> None:
        """Return if the plugin accepts the specification; raises ProblemError."""
        known = await self._catalogue.find(spec.plugin, who)
        _check_accepting(known)
        _check_template(spec, known.installed.manifest)
        if errors := list(_goobi_errors(spec, self._goobi)):
            raise field_problem(INVALID_REQUEST, errors)
        if errors := list(_need_errors(spec, known.installed.manifest)):
            raise field_problem(INVALID_REQUEST, errors)
        if errors := known.schema.errors(spec.parameters):
            raise field_problem(INVALID_PARAMETERS, errors)

    async def errors_of_choice(self, spec: JobSpec, who: Principal) -> list[FieldError]:
        """What is wrong with template and parameters alone, whatever the job is about; raises ProblemError.

        A parameter that is required may be missing: the job has it then.
        """
        known = await self._catalogue.find(spec.plugin, who)
        _check_template(spec, known.installed.manifest)
        return known.schema.errors_of_some(spec.parameters)

    def may_lie_in_source(self, spec: JobSpec) -> bool:
        """Whether the results of the job, which has been checked, may go into its source.

        They may if they replace the sources, or if the plugin takes parts of a folder: none of them is
        replaced then, which the runner sees to.
        """
        known = self._catalogue.last_read(spec.plugin)
        if known is None:
            return False
        manifest = known.installed.manifest
        return manifest.works_in_place(spec.template) or bool(manifest.parts_for(spec.template))


def _check_accepting(known: KnownPlugin) -> None:
    if not known.installed.accepting:
        detail = problems.PLUGIN_CLOSED(plugin=known.installed.name)
        raise ProblemError(NOT_ACCEPTING, detail)


def _check_template(spec: JobSpec, manifest: PluginManifest) -> None:
    """Accept a known template in any spelling that Goobi's calls use; the runner applies the same rule."""
    if spec.template is None or (manifest.templates and manifest.knows_template(spec.template)):
        return
    known = sorted(manifest.templates)
    listed = ", ".join(known) or None
    detail = problems.UNKNOWN_TEMPLATE(plugin=manifest.name, template=spec.template, known=listed)
    raise ProblemError(UNKNOWN_TEMPLATE, detail, known=known)


def _goobi_errors(spec: JobSpec, goobi: GoobiSettings) -> Iterator[FieldError]:
    """Reports only what can never be delivered; without any installation, reports wait until there is one."""
    named = spec.goobi.installation if spec.goobi else None
    if (misfit := goobi.misfit(named)) is not None:
        yield FieldError.of_text("goobi.installation", misfit)
    if spec.callback_url is not None and goobi.installations:
        misfit = goobi.callback_misfit(str(spec.callback_url))
        if misfit is not None:
            yield FieldError.of_text("callback_url", misfit)


def _need_errors(spec: JobSpec, manifest: PluginManifest) -> Iterator[FieldError]:
    if spec.template is None and manifest.templates and manifest.template_default is None:
        known = ", ".join(sorted(manifest.templates))
        yield FieldError.of("template", faults.TEMPLATE_NEEDED(plugin=manifest.name, known=known))
    paths = {
        "source": (manifest.source, spec.source),
        "destination": (manifest.destination, spec.destination),
    }
    for name, (need, path) in paths.items():
        if need is Need.REQUIRED and path is None:
            yield FieldError.of(name, faults.PATH_NEEDED(plugin=manifest.name, field=name))
        if need is Need.UNUSED and path is not None:
            yield FieldError.of(name, faults.PATH_SUPERFLUOUS(plugin=manifest.name, field=name))

"""The plugin `altoconvert` (job type ALTOCONVERT): ALTO 4 from other formats of texts with places."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.altoconvert.parameters import AltoConvertParameters
from taskmanager_plugin_runner.plugins.altoconvert.profile import Profile
from taskmanager_plugin_runner.plugins.altoconvert.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue

PROFILE_DEFAULT: Final = "altoconvert"
SHIPPED: Final = Path(__file__).parent / "profiles"


class AltoConvertPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="ALTO from other formats",
            job_type="ALTOCONVERT",
            version=version("taskmanager-plugin-runner"),
            parameters=AltoConvertParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            template_source_parts={name: (one.texts,) for name, one in self._profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type ALTOCONVERT, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Convert the texts of a process; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.altoconvert.job import AltoConvertJob  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(AltoConvertParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        AltoConvertJob(context, self._profiles[name], parameters).run()

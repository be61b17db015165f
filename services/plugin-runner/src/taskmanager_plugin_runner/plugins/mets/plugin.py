"""The plugin `mets` (job type METS): whether METS documents are valid, and their files what they say."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.mets.profile import Profile
from taskmanager_plugin_runner.plugins.mets.texts import PLUGIN, SHARED
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters

PROFILE_DEFAULT: Final = "mets"
SHIPPED: Final = Path(__file__).parent / "profiles"


class MetsPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="METS validation",
            job_type="METS",
            version=version("taskmanager-plugin-runner"),
            parameters=ValidationParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            template_source_parts={name: profile.patterns for name, profile in self._profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=SHARED.own.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type METS, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Examine all documents; raises JobFailedError that names those which are not valid."""
        from taskmanager_plugin_runner.plugins.mets.job import MetsJob  # noqa: PLC0415 - what a job needs, no manifest

        parameters = parse_parameters(ValidationParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        profile = self._profiles[name]
        heading = {
            "plugin": self._manifest.name,
            "version": self._manifest.version,
            "profile": name,
            "title": profile.title,
        }
        MetsJob(context, profile, parameters, heading).run()

"""The plugin `checksums` (job type CHECKSUMS): lists, BagIt bags, and whether files are as listed."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.checksums.parameters import ChecksumsParameters
from taskmanager_plugin_runner.plugins.checksums.profile import Profile, Task
from taskmanager_plugin_runner.plugins.checksums.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "list"
SHIPPED: Final = Path(__file__).parent / "profiles"


class ChecksumsPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="Checksums",
            job_type="CHECKSUMS",
            version=version("taskmanager-plugin-runner"),
            parameters=ChecksumsParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            source_parts=self._profiles[PROFILE_DEFAULT].patterns,
            template_source_parts={name: profile.patterns for name, profile in self._profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type CHECKSUMS, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Do what the template says; raises JobFailedError with the files and the reasons."""
        parameters = parse_parameters(ChecksumsParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        profile = self._profiles[name]
        algorithm = parameters.algorithm or profile.algorithm
        match profile.task:
            case Task.LIST:
                from taskmanager_plugin_runner.plugins.checksums.creation import ListJob  # noqa: PLC0415 - what a job needs, no manifest

                ListJob(context, algorithm, parameters.existing).run()
            case Task.BAG:
                from taskmanager_plugin_runner.plugins.checksums.packing import BagJob  # noqa: PLC0415 - the same

                BagJob(context, algorithm, profile.bag_info).run()
            case Task.VERIFY | Task.VERIFY_BAG:
                from taskmanager_plugin_runner.plugins.checksums.verification import VerifyJob  # noqa: PLC0415 - the same

                VerifyJob(context, profile, parameters).run()

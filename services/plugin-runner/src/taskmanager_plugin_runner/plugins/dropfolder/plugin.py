"""The plugin `dropfolder` (job type DROPFOLDER): pictures are worked on by an engine that watches folders."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api import (
    JobContext,
    PauseSupport,
    PluginManifest,
    RetryPolicy,
    parse_parameters,
)
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.dropfolder import texts
from taskmanager_plugin_runner.plugins.dropfolder.parameters import DropFolderParameters
from taskmanager_plugin_runner.plugins.dropfolder.profile import Profile
from taskmanager_plugin_runner.plugins.dropfolder.texts import PLUGIN, TEXTS

SHIPPED: Final = Path(__file__).parent / "profiles"
"""Empty: where the folders of an engine are, only an operator knows."""


class DropFolderPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="Drop folders",
            job_type="DROPFOLDER",
            version=version("taskmanager-plugin-runner"),
            parameters=DropFolderParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=next(iter(self._profiles)) if len(self._profiles) == 1 else None,
            pause=PauseSupport.CHECKPOINT,
            outside_effects=True,
            reads_in_place=True,
            grace_seconds=60.0,
            retry=RetryPolicy(attempts=3, first_wait_seconds=300),
            processors=1,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type DROPFOLDER, with the names of all engines as templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Have all pictures of the source worked on; raises JobFailedError with the ticket and the reason."""
        from taskmanager_plugin_runner.plugins.dropfolder.work import EngineJob  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(DropFolderParameters, context.spec.parameters)
        chosen = self._manifest.choose_template(context.template)
        if chosen is None:
            raise JobFailedError(texts.NO_TEMPLATE(known=", ".join(self._profiles) or "-"))
        EngineJob(context, self._profiles[chosen], parameters).run()

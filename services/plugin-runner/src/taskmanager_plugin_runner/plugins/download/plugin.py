"""The plugin `download` (job type JDOWNLOAD): pages from the Internet Archive and from IIIF manifests."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import (
    JobContext,
    Need,
    PauseSupport,
    PluginManifest,
    RetryPolicy,
    parse_parameters,
)
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.download.parameters import DownloadParameters
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "archive"
SHIPPED: Final = Path(__file__).parent / "profiles"


class DownloadPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="Download",
            job_type="JDOWNLOAD",
            version=version("taskmanager-plugin-runner"),
            parameters=DownloadParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            source=Need.UNUSED,
            pause=PauseSupport.CHECKPOINT,
            retry=RetryPolicy(attempts=8, first_wait_seconds=60),
            processors=1,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type JDOWNLOAD, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Download all pages of what the job names; raises JobFailedError with the page and the reason."""
        from taskmanager_plugin_runner.plugins.download.work import Download  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(DownloadParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        Download(context, self._profiles[name], parameters).run()

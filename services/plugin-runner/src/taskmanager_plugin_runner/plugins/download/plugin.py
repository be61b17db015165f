"""The plugin `download` (job type JDOWNLOAD): pages from the Internet Archive and from IIIF manifests."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import (
    JobContext,
    Need,
    PauseSupport,
    RetryPolicy,
)
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.download.parameters import DownloadParameters
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "archive"
SHIPPED: Final = Path(__file__).parent / "profiles"


class DownloadPlugin(ProfiledPlugin[Profile, DownloadParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            DownloadParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="Download",
            titles={"de": "Herunterladen"},
            job_type="JDOWNLOAD",
            source=Need.UNUSED,
            pause=PauseSupport.CHECKPOINT,
            retry=RetryPolicy(attempts=8, first_wait_seconds=60),
            processors=1,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Download all pages of what the job names; raises JobFailedError with the page and the reason."""
        from taskmanager_plugin_runner.plugins.download.work import Download  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        Download(context, profile, parameters).run()

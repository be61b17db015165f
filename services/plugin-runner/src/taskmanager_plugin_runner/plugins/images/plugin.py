"""The plugin `images` (job type IMAGES): derivatives of each page, straightened, cropped and marked."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.images.parameters import ImagesParameters
from taskmanager_plugin_runner.plugins.images.profile import Profile
from taskmanager_plugin_runner.plugins.images.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "media-and-thumbnails"
SHIPPED: Final = Path(__file__).parent / "profiles"


class ImagesPlugin(ProfiledPlugin[Profile, ImagesParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            ImagesParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="Images",
            titles={"de": "Bilder"},
            job_type="IMAGES",
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Make all derivatives; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.images.job import ImagesJob  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        ImagesJob(context, profile, parameters).run()

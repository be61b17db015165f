"""The plugin `media` (job type MEDIA): copies of films and recordings for use, made by ffmpeg."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, JobLimits, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.media.parameters import MediaParameters
from taskmanager_plugin_runner.plugins.media.profile import Profile
from taskmanager_plugin_runner.plugins.media.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "access"
SHIPPED: Final = Path(__file__).parent / "profiles"


class MediaPlugin(ProfiledPlugin[Profile, MediaParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            MediaParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="Audio and video",
            titles={"de": "Audio und Video"},
            job_type="MEDIA",
            template_limits={
                name: JobLimits(memory_limit_bytes=profile.memory_limit_bytes)
                for name, profile in profiles.items()
            },
            # the work is done by programs, for hours: these are stopped and continued at any moment
            pause=PauseSupport.SIGNAL,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Make all copies; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.media.job import MediaJob  # noqa: PLC0415 - brings numpy

        profile, parameters = self.chosen(context)
        MediaJob(context, profile, parameters).run()

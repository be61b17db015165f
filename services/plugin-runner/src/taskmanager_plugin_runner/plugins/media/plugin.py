"""The plugin `media` (job type MEDIA): copies of films and recordings for use, made by ffmpeg."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, JobLimits, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.media.parameters import MediaParameters
from taskmanager_plugin_runner.plugins.media.profile import Profile
from taskmanager_plugin_runner.plugins.media.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "access"
SHIPPED: Final = Path(__file__).parent / "profiles"


class MediaPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="Audio and video",
            job_type="MEDIA",
            version=version("taskmanager-plugin-runner"),
            parameters=MediaParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            template_limits={
                name: JobLimits(memory_limit_bytes=profile.memory_limit_bytes)
                for name, profile in self._profiles.items()
            },
            # the work is done by programs, for hours: these are stopped and continued at any moment
            pause=PauseSupport.SIGNAL,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type MEDIA, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Make all copies; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.media.job import MediaJob  # noqa: PLC0415 - brings numpy

        parameters = parse_parameters(MediaParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        MediaJob(context, self._profiles[name], parameters).run()

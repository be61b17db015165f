"""The plugin `altoconvert` (job type ALTOCONVERT): ALTO 4 from other formats of texts with places."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.altoconvert.parameters import AltoConvertParameters
from taskmanager_plugin_runner.plugins.altoconvert.profile import Profile
from taskmanager_plugin_runner.plugins.altoconvert.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "altoconvert"
SHIPPED: Final = Path(__file__).parent / "profiles"


class AltoConvertPlugin(ProfiledPlugin[Profile, AltoConvertParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            AltoConvertParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="ALTO from other formats",
            titles={"de": "ALTO aus anderen Formaten"},
            job_type="ALTOCONVERT",
            template_source_parts={name: (one.texts,) for name, one in profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Convert the texts of a process; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.altoconvert.job import AltoConvertJob  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        AltoConvertJob(context, profile, parameters).run()

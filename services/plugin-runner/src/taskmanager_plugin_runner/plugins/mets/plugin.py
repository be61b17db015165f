"""The plugin `mets` (job type METS): whether METS documents are valid, and their files what they say."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.mets.profile import Profile
from taskmanager_plugin_runner.plugins.mets.texts import PLUGIN, SHARED
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin
from taskmanager_plugin_runner.plugins.validation.parameters import ValidationParameters
from taskmanager_plugin_runner.plugins.validation.plugin import heading_of

PROFILE_DEFAULT: Final = "mets"
SHIPPED: Final = Path(__file__).parent / "profiles"


class MetsPlugin(ProfiledPlugin[Profile, ValidationParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            ValidationParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="METS validation",
            titles={"de": "METS-Validierung"},
            job_type="METS",
            template_source_parts={name: profile.patterns for name, profile in profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=SHARED.own.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Examine all documents; raises JobFailedError that names those which are not valid."""
        from taskmanager_plugin_runner.plugins.mets.job import MetsJob  # noqa: PLC0415 - what a job needs, no manifest

        name, profile, parameters = self.chosen_by_name(context)
        heading = heading_of(self.manifest, name, profile.title)
        MetsJob(context, profile, parameters, heading).run()

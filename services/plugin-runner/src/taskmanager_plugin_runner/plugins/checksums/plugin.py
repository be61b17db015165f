"""The plugin `checksums` (job type CHECKSUMS): lists, BagIt bags, and whether files are as listed."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.checksums.parameters import ChecksumsParameters
from taskmanager_plugin_runner.plugins.checksums.profile import Profile, Task
from taskmanager_plugin_runner.plugins.checksums.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "list"
SHIPPED: Final = Path(__file__).parent / "profiles"


class ChecksumsPlugin(ProfiledPlugin[Profile, ChecksumsParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            ChecksumsParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="Checksums",
            titles={"de": "Prüfsummen"},
            job_type="CHECKSUMS",
            source_parts=profiles[PROFILE_DEFAULT].patterns,
            template_source_parts={name: profile.patterns for name, profile in profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Do what the template says; raises JobFailedError with the files and the reasons."""
        profile, parameters = self.chosen(context)
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

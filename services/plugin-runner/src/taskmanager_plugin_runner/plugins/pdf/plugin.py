"""The plugin `pdf` (job type PdfCreation): PDFs of pictures, their text and the metadata of a process."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.pdf.parameters import PdfParameters
from taskmanager_plugin_runner.plugins.pdf.profile import Profile
from taskmanager_plugin_runner.plugins.pdf.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "book"
SHIPPED: Final = Path(__file__).parent / "profiles"


class PdfPlugin(ProfiledPlugin[Profile, PdfParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            PdfParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="PDF",
            titles={"de": "PDF"},
            job_type="PdfCreation",
            template_source_parts={name: one.source_parts for name, one in profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Make the PDFs of a process; raises JobFailedError with the page and the reason."""
        from taskmanager_plugin_runner.plugins.pdf.job import PdfJob  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        PdfJob(context, profile, parameters).run()

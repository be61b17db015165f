"""The plugin `ocr` (job type OCR): the text of every page, read by Tesseract."""

from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.ocr.parameters import OcrParameters
from taskmanager_plugin_runner.plugins.ocr.profile import Profile
from taskmanager_plugin_runner.plugins.ocr.texts import PLUGIN, TEXTS
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin

PROFILE_DEFAULT: Final = "standard"
SHIPPED: Final = Path(__file__).parent / "profiles"


class OcrPlugin(ProfiledPlugin[Profile, OcrParameters]):
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        super().__init__(
            profiles,
            OcrParameters,
            default=PROFILE_DEFAULT,
            name=PLUGIN,
            title="OCR",
            titles={"de": "Texterkennung (OCR)"},
            job_type="OCR",
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Read all pages of the source; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.ocr.recognition import Recognition  # noqa: PLC0415 - a manifest needs no numpy

        profile, parameters = self.chosen(context)
        Recognition(context, profile, parameters).run()

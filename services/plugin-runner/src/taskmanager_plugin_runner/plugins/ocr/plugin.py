"""The plugin `ocr` (job type OCR): the text of every page, read by Tesseract."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.ocr.parameters import OcrParameters
from taskmanager_plugin_runner.plugins.ocr.profile import Profile
from taskmanager_plugin_runner.plugins.ocr.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "standard"
SHIPPED: Final = Path(__file__).parent / "profiles"


class OcrPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="OCR",
            job_type="OCR",
            version=version("taskmanager-plugin-runner"),
            parameters=OcrParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            takes_files_in_order=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type OCR, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Read all pages of the source; raises JobFailedError with the file and the reason."""
        from taskmanager_plugin_runner.plugins.ocr.recognition import Recognition  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(OcrParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        Recognition(context, self._profiles[name], parameters).run()

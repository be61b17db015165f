"""The plugin `pdf` (job type PdfCreation): PDFs of pictures, their text and the metadata of a process."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from taskmanager.plugin_api import JobContext, PauseSupport, PluginManifest, parse_parameters
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.pdf.parameters import PdfParameters
from taskmanager_plugin_runner.plugins.pdf.profile import Profile
from taskmanager_plugin_runner.plugins.pdf.texts import PLUGIN, TEXTS

PROFILE_DEFAULT: Final = "book"
SHIPPED: Final = Path(__file__).parent / "profiles"


class PdfPlugin:
    """Reads its templates once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        self._profiles = read_catalogue(PLUGIN, Profile.model_validate, SHIPPED)
        self._manifest = PluginManifest(
            name=PLUGIN,
            title="PDF",
            job_type="PdfCreation",
            version=version("taskmanager-plugin-runner"),
            parameters=PdfParameters.model_json_schema(),
            templates=tuple(self._profiles),
            template_default=PROFILE_DEFAULT,
            template_source_parts={name: one.source_parts for name, one in self._profiles.items()},
            pause=PauseSupport.CHECKPOINT,
            reads_in_place=True,
            texts=TEXTS.sentences,
        )

    @property
    def manifest(self) -> PluginManifest:
        """Job type PdfCreation, with the names of all templates, and the parameters of a job."""
        return self._manifest

    def run(self, context: JobContext) -> None:
        """Make the PDFs of a process; raises JobFailedError with the page and the reason."""
        from taskmanager_plugin_runner.plugins.pdf.job import PdfJob  # noqa: PLC0415 - a manifest needs no numpy

        parameters = parse_parameters(PdfParameters, context.spec.parameters)
        name = self._manifest.choose_template(context.template) or PROFILE_DEFAULT
        PdfJob(context, self._profiles[name], parameters).run()

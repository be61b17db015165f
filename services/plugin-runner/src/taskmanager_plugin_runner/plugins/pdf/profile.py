"""A template of the plugin `pdf`, as values that can be validated. Runs nothing."""

from enum import StrEnum

from pydantic import Field

from taskmanager.model.jobs import ShortText
from taskmanager_plugin_runner.plugins.pdf.parameters import Compression, Output, PdfParameters, TitleSource
from taskmanager_plugin_runner.plugins.titled import Titled


class Mismatch(StrEnum):
    """What happens if the metadata and the folder of pictures do not have the same pages."""

    REFUSE = "refuse"
    WARN = "warn"


class Profile(Titled):
    """The keys of a template file; `docs/plugins/pdf.md` explains them.

    `pictures`, `texts` and `metadata` are patterns (`taskmanager.files.parts`). `longest_side` in pixels;
    `time_limit_seconds` for one page.
    """

    description: str = ""
    outputs: tuple[Output, ...] = Field(default=(Output.BOOK,), min_length=1)
    name: ShortText = "{title}"
    pictures: ShortText = (
        "images/{title}_media/*|images/{title}_tif/*|images/master_{title}_media/*|images/*_media/*|*"
    )
    texts: ShortText = "ocr/{title}_alto/*|ocr/*_alto/*"
    metadata: ShortText = "meta.xml|mets.xml"
    compression: Compression = Compression.KEEP
    jpeg_quality: int = Field(default=80, ge=1, le=100)
    longest_side: int | None = Field(default=None, ge=64, le=30_000)
    dpi_if_missing: int = Field(default=300, ge=70, le=2400)
    titles: tuple[TitleSource, ...] = (TitleSource.LABEL, TitleSource.TITLE, TitleSource.TYPE)
    mismatch: Mismatch = Mismatch.REFUSE
    text_required: bool = False
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)

    @property
    def source_parts(self) -> tuple[str, ...]:
        """What a job with this template takes of its source."""
        return tuple(pattern for pattern in (self.metadata, self.pictures, self.texts) if pattern)

    def with_parameters(self, parameters: PdfParameters) -> "Profile":
        """This template with what a job has chosen."""
        names = ("outputs", "compression", "jpeg_quality", "longest_side", "titles")
        given = {name: value for name in names if (value := getattr(parameters, name)) is not None}
        if parameters.name is not None:
            given["name"] = parameters.name.replace("{", "(").replace("}", ")")
        return self.model_copy(update=given)

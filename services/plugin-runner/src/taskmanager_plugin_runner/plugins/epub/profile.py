"""A template of the plugin `epub`, as values that can be validated. Runs nothing."""

from enum import StrEnum

from pydantic import Field

from taskmanager.model.jobs import ShortText
from taskmanager_plugin_runner.plugins.epub.parameters import EpubParameters
from taskmanager_plugin_runner.plugins.titled import Titled


class Epubcheck(StrEnum):
    """Whether the program epubcheck judges the result."""

    IF_INSTALLED = "if-installed"
    ALWAYS = "always"
    NEVER = "never"


class Profile(Titled):
    """The keys of a template file; `docs/plugins/epub.md` explains them.

    `texts`, `pictures` and `metadata` are patterns (`taskmanager.files.parts`); without `pictures` there are
    none. `longest_side` in pixels; `time_limit_seconds` for one page and for epubcheck.
    """

    description: str = ""
    name: ShortText = "{title}"
    texts: ShortText = "ocr/{title}_alto/*|ocr/{title}_txt/*|ocr/*_alto/*|ocr/*_txt/*|*"
    pictures: ShortText = ""
    metadata: ShortText = "meta.xml|mets.xml"
    running_heads: bool = False
    longest_side: int = Field(default=1200, ge=64, le=4_000)
    jpeg_quality: int = Field(default=75, ge=1, le=100)
    epubcheck: Epubcheck = Epubcheck.IF_INSTALLED
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)

    @property
    def source_parts(self) -> tuple[str, ...]:
        """What a job with this template takes of its source."""
        return tuple(pattern for pattern in (self.metadata, self.texts, self.pictures) if pattern)

    def with_parameters(self, parameters: EpubParameters) -> "Profile":
        """This template with what a job has chosen."""
        names = ("running_heads", "longest_side")
        given = {name: value for name in names if (value := getattr(parameters, name)) is not None}
        if parameters.name is not None:
            given["name"] = parameters.name.replace("{", "(").replace("}", ")")
        return self.model_copy(update=given)

"""A template of the plugin `ocr`, as values that can be validated. Runs nothing."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from taskmanager_plugin_runner.plugins.ocr.parameters import FontType, Languages
from taskmanager_plugin_runner.plugins.titled import Titled


class Output(StrEnum):
    """One kind of result; its folder ends in this word, as Goobi expects."""

    ALTO = "alto"
    TEXT = "txt"
    HOCR = "hocr"
    PDF = "pdf"

    @property
    def suffix(self) -> str:
        """Of its files."""
        return {Output.ALTO: ".xml", Output.TEXT: ".txt", Output.HOCR: ".hocr", Output.PDF: ".pdf"}[self]


class Profile(Titled):
    """The keys of a template file; `docs/plugins/ocr.md` explains them.

    `confidence_limit` in percent; `time_limit_seconds` for one page; `jpeg_quality` of the pictures in PDFs.
    """

    description: str = ""
    outputs: tuple[Output, ...] = (Output.ALTO, Output.TEXT)
    language: Languages = ("deu",)
    font_type: FontType = FontType.ANTIQUA
    page_segmentation: int = Field(default=3, ge=1, le=13)
    dpi_if_missing: int = Field(default=300, ge=70, le=2400)
    confidence_limit: int = Field(default=60, ge=0, le=100)
    jpeg_quality: int = Field(default=75, ge=1, le=100)
    models: Path | None = None
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)

    @model_validator(mode="after")
    def _has_alto(self) -> Self:
        """The other results are checked against ALTO, so it is always made."""
        if Output.ALTO not in self.outputs:
            raise ValueError("outputs must name alto: the other results are checked against it")
        if not self.language:
            raise ValueError("language must name at least one")
        return self

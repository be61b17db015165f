"""The parameters of an OCR job; `x-titles` in their schema are titles by language."""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.parameters import PictureParameters

_SEPARATORS: Final = re.compile(r"[\s,;+]+")
_LANGUAGE: Final = r"[A-Za-z][A-Za-z0-9_/-]{1,63}"
"""A code, or the name of a model: `deu`, `chi_sim`, `script/Latin`."""
_LANGUAGES_MOST: Final = 8


def _listed(value: object) -> object:
    """`ger, lat` and `deu+lat` as lists: Goobi's calls and Tesseract write them as one word."""
    return [one for one in _SEPARATORS.split(value) if one] if isinstance(value, str) else value


Languages = Annotated[
    tuple[Annotated[str, Field(pattern=f"^{_LANGUAGE}$")], ...],
    BeforeValidator(_listed),
    Field(max_length=_LANGUAGES_MOST),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": 200},
                {"type": "array", "items": {"type": "string"}, "maxItems": _LANGUAGES_MOST},
            ]
        }
    ),
]
"""Codes of languages in the order of their share, as a list or separated by commas, spaces or plus signs."""


class FontType(StrEnum):
    """The kind of type that a book is printed in."""

    ANTIQUA = "antiqua"
    FRAKTUR = "fraktur"


_WRITTEN: Final = {
    "antiqua": "antiqua",
    "Antiqua": "antiqua",
    "fraktur": "fraktur",
    "Fraktur": "fraktur",
    "fracture": "fraktur",
    "": None,
}
"""As Goobi's calls write it: the plugin for mixed OCR says `fracture`."""


def _font_type(value: object) -> object:
    return _WRITTEN.get(value, value) if isinstance(value, str) else value


GivenFontType = Annotated[
    FontType | None, BeforeValidator(_font_type), WithJsonSchema({"enum": [*_WRITTEN, None]})
]
"""The kind of type in any spelling; None if the job does not say."""


class OcrParameters(PictureParameters):
    """What a job may choose; everything else is in the template."""

    language: Languages = Field(
        default=(),
        title="Languages",
        description="ISO 639 codes, the most frequent first (ger, lat); without it those of the template",
        json_schema_extra=words(
            de=("Sprachen", "Kürzel nach ISO 639, die häufigste zuerst (ger, lat); sonst die der Vorlage")
        ),
    )
    font_type: GivenFontType = Field(
        default=None,
        title="Type",
        description="antiqua or fraktur; without it that of the template",
        json_schema_extra=words(de=("Schriftart", "antiqua oder fraktur; sonst die der Vorlage")),
    )
    page_segmentation: int | None = Field(
        default=None,
        ge=1,
        le=13,
        title="Page segmentation",
        description="Tesseract's mode: 3 finds columns, 4 takes one column, 6 one block, 11 sparse text; "
        "1 also reads pages that lie on their side",
        json_schema_extra=words(
            de=(
                "Seitensegmentierung",
                (
                    "Modus von Tesseract: 3 findet Spalten, 4 nimmt eine Spalte an, 6 einen Block, 11 "
                    "verstreuten Text; 1 liest auch Seiten, die auf der Seite liegen"
                ),
            )
        ),
    )
    dpi_if_missing: int | None = Field(
        default=None,
        ge=70,
        le=2400,
        title="Resolution if a picture gives none",
        description="dots per inch",
        json_schema_extra=words(de=("Auflösung, wenn ein Bild keine nennt", "in Punkten je Zoll")),
    )

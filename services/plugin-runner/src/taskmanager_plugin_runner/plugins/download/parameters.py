"""The parameters of a download; `x-titles` in their schema are titles by language."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from taskmanager.plugin_api.interface import ExistingParameters
from taskmanager.plugin_api.words import words

ITEMS_MOST: Final = 200
_SEPARATORS: Final = re.compile(r"[\s,;]+")


def _listed(value: object) -> object:
    """`one, two` as a list: Goobi's calls write several values as one word."""
    return [one for one in _SEPARATORS.split(value) if one] if isinstance(value, str) else value


class DownloadParameters(ExistingParameters):
    """What a job may choose; where requests may go is in the template."""

    item: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=2_000)], ...],
        BeforeValidator(_listed),
        Field(max_length=ITEMS_MOST),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "maxLength": 100_000},
                    {"type": "array", "items": {"type": "string"}, "maxItems": ITEMS_MOST},
                ]
            }
        ),
    ] = Field(
        default=(),
        title="Items",
        description="identifiers or addresses of the Internet Archive, or addresses of IIIF manifests or "
        "collections; the pages of several follow each other, numbered by volume",
        json_schema_extra=words(
            de=(
                "Objekte",
                (
                    "Kennungen oder Adressen des Internet Archive, oder Adressen von IIIF-Manifesten "
                    "oder -Sammlungen; die Seiten mehrerer folgen aufeinander, nach Bänden nummeriert"
                ),
            )
        ),
    )

"""The parameters of a job for images; `x-titles` in their schema are titles by language."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.folders import Folder
from taskmanager_plugin_runner.plugins.images.treatment import Format
from taskmanager_plugin_runner.plugins.parameters import BackgroundParameters
from taskmanager_plugin_runner.plugins.shell.derivatives import Derivative


class ImageDerivative(Derivative):
    """One picture of each page.

    In `folder`, `{source}` is the name of the source folder and `{title}` the title of the process.
    """

    folder: Folder | None = None
    format: Format = Format.JPEG
    watermark: bool = True


def _differ(derivatives: tuple[ImageDerivative, ...]) -> tuple[ImageDerivative, ...]:
    places = [(one.folder or "", one.format) for one in derivatives]
    if twice := {place for place in places if places.count(place) > 1}:
        named = ", ".join(f"{folder or '.'} ({kind})" for folder, kind in sorted(twice))
        raise ValueError(f"two derivatives go to the same folder ({named}), so one would replace the other")
    return derivatives


Derivatives = Annotated[tuple[ImageDerivative, ...], Field(max_length=20), AfterValidator(_differ)]


class ImagesParameters(BackgroundParameters):
    """What a job may choose; everything else is in the template."""

    derivatives: Derivatives = Field(
        default=(),
        title="Derivatives",
        description="instead of the template's: folder, format, longest side, quality, watermark",
        json_schema_extra=words(
            de=("Derivate", "statt derer der Vorlage: Ordner, Format, längste Seite, Qualität, Wasserzeichen")
        ),
    )
    deskew: bool | None = Field(
        default=None,
        title="Straighten",
        description="turn pages whose lines are skew; without it as the template says",
        json_schema_extra=words(
            de=("Gerade ausrichten", "Seiten mit schiefen Zeilen drehen; sonst wie in der Vorlage")
        ),
    )
    crop: bool | None = Field(
        default=None,
        title="Crop to the page",
        description="cut off a dark ground around the page; without it as the template says",
        json_schema_extra=words(
            de=(
                "Auf die Seite beschneiden",
                "dunklen Grund um die Seite abschneiden; sonst wie in der Vorlage",
            )
        ),
    )
    watermark_text: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None,
        title="Text of the watermark",
        description="instead of the template's; empty for none",
        json_schema_extra=words(de=("Text des Wasserzeichens", "statt dessen der Vorlage; leer: keines")),
    )

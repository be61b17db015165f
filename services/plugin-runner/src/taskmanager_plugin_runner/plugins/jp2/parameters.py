"""The parameters of a JP2 job."""

from pydantic import Field

from taskmanager.plugin_api.words import words
from taskmanager_plugin_runner.plugins.parameters import PictureParameters


class Jp2Parameters(PictureParameters):
    """What a job may choose; everything else is in the profile."""

    convert: bool = Field(
        default=False,
        title="Convert",
        description="let a lossless profile take pictures that must be converted first (CMYK, Lab, floating "
        "point, more than 16 bits), with a warning that the result is not lossless",
        json_schema_extra=words(
            de=(
                "Umwandeln",
                (
                    "eine verlustfreie Vorlage nimmt auch Bilder, die erst umgewandelt werden müssen "
                    "(CMYK, Lab, Gleitkomma, mehr als 16 Bit), mit der Warnung, dass das Ergebnis nicht "
                    "verlustfrei ist"
                ),
            )
        ),
    )

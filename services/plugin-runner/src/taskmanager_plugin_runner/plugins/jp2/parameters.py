"""The parameters of a JP2 job."""

from pydantic import Field

from taskmanager_plugin_runner.plugins.parameters import PictureParameters


class Jp2Parameters(PictureParameters):
    """What a job may choose; everything else is in the profile."""

    convert: bool = Field(
        default=False,
        description="let a lossless profile take pictures that must be converted first (CMYK, Lab, floating "
        "point, more than 16 bits), with a warning that the result is not lossless",
    )

"""A profile of `tiffvalidation`: what a TIFF must be like, as values that can be validated. Runs nothing."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from taskmanager.model.jobs import Record, ShortText
from taskmanager_plugin_runner.plugins.validation.profile import ValidationProfile

Compression = Literal[
    "none",
    "ccitt-rle",
    "fax3",
    "fax4",
    "lzw",
    "old-jpeg",
    "jpeg",
    "deflate",
    "packbits",
    "jpeg2000",
    "lzma",
    "zstd",
    "webp",
]
Photometric = Literal[
    "white-is-zero", "black-is-zero", "rgb", "palette", "mask", "cmyk", "ycbcr", "cielab", "icclab"
]
TagNumber = Annotated[int, Field(ge=1, le=65_535)]
Resolution = Annotated[float, Field(gt=0, le=1_000_000)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,49}$")]
NAMESPACES: Final = {
    "jhove": "http://hul.harvard.edu/ois/xml/ns/jhove",
    "mix": "http://www.loc.gov/mix/v20",
}
"""The prefixes that Goobi's own validation of TIFFs uses."""


class Check(Record):
    """An XPath expression on the report, and the value it must have.

    The keys are the elements of the older configuration files: `wanted` is a text or a regular expression for
    the whole value, or a range of numbers such as `100.0-899.23`; `error_message` may hold `${image}`,
    `${wanted}`, `${expected}` and `${found}`.
    """

    xpath: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
    wanted: Annotated[str, StringConstraints(max_length=1_000)]
    error_message: Annotated[str, StringConstraints(max_length=1_000)] = ""


class Profile(ValidationProfile):
    """The keys of a profile file; `docs/plugins/tiffvalidation.md` explains them. An empty list allows all.

    `resolution` in dots per inch and `pages` are least and most.
    """

    compression: tuple[Compression, ...] = ()
    photometric: tuple[Photometric, ...] = ()
    bits: tuple[Annotated[int, Field(ge=1, le=64)], ...] = ()
    resolution: tuple[Resolution, Resolution] | None = None
    icc: Literal["allowed", "required", "forbidden"] = "allowed"
    icc_names: tuple[ShortText, ...] = ()
    pages: tuple[Count, Count] | None = None
    byte_order: tuple[Literal["little", "big"], ...] = ()
    big_tiff: bool = True
    orientation: tuple[Annotated[int, Field(ge=1, le=8)], ...] = ()
    forbidden_tags: tuple[TagNumber, ...] = ()
    required_tags: tuple[TagNumber, ...] = ()
    namespaces: dict[Prefix, ShortText] = Field(default_factory=lambda: dict(NAMESPACES))
    checks: tuple[Check, ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for name, limits in (("resolution", self.resolution), ("pages", self.pages)):
            if limits is not None and limits[0] > limits[1]:
                raise ValueError(f"{name} must be the least and then the most")
        if both := set(self.forbidden_tags) & set(self.required_tags):
            raise ValueError(f"tag {min(both)} is both required and forbidden")
        if self.icc == "forbidden" and self.icc_names:
            raise ValueError("icc_names cannot be set where icc is forbidden")
        return self

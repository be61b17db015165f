"""What the plugins are asked to do: a plugin, its template or profile, and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of result. `size` is the longest side allowed, None if it keeps that of its source."""

    name: str
    plugin: str
    template: str
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    size: int | None = None
    keeps_profile: bool = True
    lossy: bool = False

    @property
    def suffix(self) -> str:
        """The suffix of its results."""
        if self.plugin == "shell":
            return ".jpg"
        return ".jph" if self.template.endswith("-ht") else ".jp2"

    @property
    def converts(self) -> bool:
        """Whether the job allows colours to be converted."""
        return self.parameters.get("convert") is True


JPEG: Final = Target("jpeg", "shell", "jpeg")
SMALL: Final = Target("jpeg-small", "shell", "jpeg-small", {"size": 40}, size=40)
THUMBNAIL: Final = Target("thumbnail", "shell", "thumbnail", size=240, keeps_profile=False)
LOSSLESS: Final = Target("lossless", "jp2", "lossless")
CONVERTED: Final = Target("lossless, convert", "jp2", "lossless", {"convert": True})
ARCHIVE: Final = Target("archive", "jp2", "archive")
ACCESS: Final = Target("access-rate10", "jp2", "access-rate10", lossy=True)
NEWSPAPER: Final = Target("newspaper-rate8", "jp2", "newspaper-rate8", lossy=True)
FAST: Final = Target("access-rate10-fast", "jp2", "access-rate10-fast", lossy=True)
HIGH_THROUGHPUT: Final = Target("lossless-ht", "jp2", "lossless-ht")

ALL: Final = (
    *(JPEG, SMALL, THUMBNAIL, LOSSLESS, CONVERTED),
    *(ARCHIVE, ACCESS, NEWSPAPER, FAST, HIGH_THROUGHPUT),
)
MAIN: Final = (JPEG, THUMBNAIL, LOSSLESS)
FOR_LARGE: Final = (SMALL, ARCHIVE, ACCESS, NEWSPAPER, FAST, HIGH_THROUGHPUT)

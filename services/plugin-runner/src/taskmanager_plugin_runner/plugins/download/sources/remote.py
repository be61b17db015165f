"""What is to be downloaded: files and pages as the source describes them. Requests nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DIGESTS = ("sha1", "md5")
"""The checksums that sources give, the better one first."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file at its source.

    `name` is what people call it there; `label` names the page for messages; `digests` are hexadecimal, by
    algorithm. `pixels` are width and height as declared. `container`: the pages are packed in it. `volume`
    counts from 1 if a job has several.
    """

    url: str
    name: str
    bytes: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    pixels: tuple[int, int] | None = None
    container: bool = False
    volume: int = 0

    @property
    def digest(self) -> tuple[str, str] | None:
        """The best checksum that is known: algorithm and hexadecimal digits."""
        return next(((kind, self.digests[kind]) for kind in DIGESTS if kind in self.digests), None)

    @property
    def shown(self) -> str:
        """The name with the label of the page, for messages."""
        return f"{self.name} ({self.label})" if self.label and self.label != self.name else self.name


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that one item consists of: its pages, in order, and further files.

    `count` is how many pages the source says there are, if it does.
    """

    pages: tuple[RemoteFile, ...]
    others: tuple[RemoteFile, ...] = ()
    count: int | None = None

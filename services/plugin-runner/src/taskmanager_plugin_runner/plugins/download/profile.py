"""A template of the plugin `download`, as values that can be validated. Requests nothing."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from taskmanager_plugin_runner.plugins.shell.placeholders import names_in
from taskmanager_plugin_runner.plugins.titled import Titled

HostPattern = Annotated[
    str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$", max_length=255)
]
"""A host name or an address, or `*.` and a name for all hosts below it; in lower case, without a port."""
PLACES: Final = frozenset({"process_title"})
"""What may stand in braces in the name of a folder."""


class Profile(Titled):
    """The keys of a template file; `docs/plugins/download.md` explains them.

    Sizes in bytes, times in seconds. `hosts` is where requests may go; none of them may have an address that
    is not public unless it is one of `private_hosts`, too.
    """

    description: str = ""
    hosts: tuple[HostPattern, ...] = Field(min_length=1)
    private_hosts: tuple[HostPattern, ...] = ()
    archive: str = Field(default="https://archive.org", pattern=r"^https?://[^/?#]+$")
    formats: tuple[str, ...] = (
        "Single Page Processed JP2 ZIP",
        "Single Page Processed JP2 Tar",
        "Single Page Original JP2 ZIP",
        "Single Page Original JP2 Tar",
        "Single Page Processed TIFF ZIP",
        "Single Page Processed JPEG ZIP",
    )
    others: tuple[str, ...] = ()
    image: Literal["service", "resource"] = "service"
    folder: str = ""
    others_folder: str = ""
    names: Literal["number", "original"] = "number"
    ca_file: Path | None = None
    requests_per_second: float = Field(default=2.0, gt=0, le=1_000)
    tries: int = Field(default=5, ge=1, le=50)
    first_wait_seconds: float = Field(default=1.0, ge=0, le=600)
    longest_wait_seconds: float = Field(default=120.0, ge=0, le=3_600)
    timeout_seconds: float = Field(default=60.0, gt=0, le=3_600)
    file_seconds_most: float = Field(default=6 * 3_600.0, gt=0, le=604_800)
    files_most: int = Field(default=10_000, ge=1)
    file_bytes_most: int = Field(default=50_000_000_000, ge=1)
    bytes_most: int = Field(default=200_000_000_000, ge=1)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)

    @field_validator("folder", "others_folder")
    @classmethod
    def _stays_below(cls, folder: str) -> str:
        if unknown := set(names_in(folder)) - PLACES:
            raise ValueError(f"unknown placeholder: {', '.join(sorted(unknown))}")
        if folder.startswith("/") or ".." in folder.split("/"):
            raise ValueError("it must be a folder below the destination")
        return folder

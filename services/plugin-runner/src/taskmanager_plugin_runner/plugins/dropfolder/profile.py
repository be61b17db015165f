"""A template of the plugin `dropfolder`: the folders of one engine, as values that can be validated."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from taskmanager.model.jobs import Record
from taskmanager_plugin_runner.plugins.ocr.parameters import FontType, Languages
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES
from taskmanager_plugin_runner.plugins.shell.placeholders import names_in
from taskmanager_plugin_runner.plugins.titled import Titled

Suffix = Annotated[str, StringConstraints(pattern=r"^\.[a-z0-9][a-z0-9.]{0,19}$")]
FOLDER_PLACES: Final = frozenset({"language", "font_type"})
RESULT_PLACES: Final = frozenset({"process_title"})
TICKET_PLACES: Final = frozenset(
    {"ticket", "process_title", "process_id", "job_id", "language", "font_type", "number", "files"}
)


def _require_places(text: str, places: frozenset[str]) -> None:
    if unknown := set(names_in(text)) - places:
        raise ValueError(f"unknown placeholder: {', '.join(sorted(unknown))}")


class TicketFile(Record):
    """A file about a ticket, for engines that want one.

    `place`: among the pictures, or beside their folder, or in the folder `control`. `each` is repeated for
    each picture where the text says `{files}`; it may hold `{name}`. Values are escaped as in XML.
    """

    name: str = "{ticket}.xml"
    place: Literal["ticket", "input", "control"] = "ticket"
    text: str
    each: str = ""

    @model_validator(mode="after")
    def _known_places(self) -> Self:
        _require_places(self.name, frozenset({"ticket"}))
        _require_places(self.text, TICKET_PLACES)
        _require_places(self.each, frozenset({"name"}))
        if "/" in self.name or self.name.startswith("."):
            raise ValueError("name must be that of a file")
        return self


class Profile(Titled):
    """The keys of a template file; `docs/plugins/dropfolder.md` explains them. Sizes in bytes."""

    description: str = ""
    input: str
    output: str
    errors: str | None = None
    control: str | None = None
    done: Suffix = ".done"
    failed: Suffix = ".error"
    begun: Suffix = ".started"
    suffixes: tuple[Suffix, ...] = SUFFIXES
    results: dict[Suffix, str] = Field(min_length=1)
    optional: tuple[Suffix, ...] = ()
    copied_along: tuple[Path, ...] = ()
    ticket_file: TicketFile | None = None
    languages: dict[str, str] = Field(default_factory=dict)
    language: Languages = ()
    font_type: FontType = FontType.ANTIQUA
    pictures_most: int = Field(default=500, ge=1, le=100_000)
    bytes_most: int = Field(default=10_000_000_000, ge=1)
    at_once: int = Field(default=1, ge=1, le=100)
    waiting_most: int | None = Field(default=None, ge=1)
    poll_seconds: float = Field(default=5.0, gt=0, le=600)
    settled_seconds: float = Field(default=10.0, ge=0, le=3_600)
    silent_seconds: float = Field(default=6 * 3_600.0, gt=0, le=30 * 86_400)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)

    @field_validator("input", "output", "errors", "control")
    @classmethod
    def _absolute(cls, folder: str | None) -> str | None:
        if folder is not None:
            _require_places(folder, FOLDER_PLACES)
            if not folder.startswith("/") or ".." in PurePosixPath(folder).parts:
                raise ValueError("it must be an absolute path")
        return folder

    @field_validator("results")
    @classmethod
    def _below(cls, results: dict[str, str]) -> dict[str, str]:
        for folder in results.values():
            _require_places(folder, RESULT_PLACES)
            if folder.startswith("/") or ".." in PurePosixPath(folder).parts:
                raise ValueError("results must name folders below the destination")
        return results

    @model_validator(mode="after")
    def _fits(self) -> Self:
        places = [folder for folder in (self.input, self.output, self.errors, self.control) if folder]
        if len(set(places)) < len(places):
            raise ValueError("input, output, errors and control must be different folders")
        if self.ticket_file is not None and self.ticket_file.place == "control" and self.control is None:
            raise ValueError("ticket_file is placed in control, which is not named")
        if unknown := set(self.optional) - set(self.results):
            raise ValueError(f"optional names what is not among the results: {', '.join(sorted(unknown))}")
        return self

    @property
    def required(self) -> tuple[str, ...]:
        """The suffixes of which every picture must have a result."""
        return tuple(suffix for suffix in self.results if suffix not in self.optional)

"""A template of the plugin `mets`, as values that can be validated. Runs nothing."""

import glob
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from taskmanager.model.jobs import ShortText
from taskmanager_plugin_runner.plugins.validation.profile import ValidationProfile

TITLE: Final = "{title}"
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Profile(ValidationProfile):
    """The keys of a template file; `docs/plugins/mets.md` explains them."""

    documents: tuple[Pattern, ...] = Field(default=("mets.xml|meta.xml",), min_length=1, max_length=20)
    takes: tuple[Pattern, ...] = Field(default=("images/**", "ocr/**"), max_length=50)
    schema_file: Path | None = None
    groups: dict[ShortText, Pattern] = Field(default_factory=dict, max_length=50)
    folders: tuple[Pattern, ...] = Field(default=(), max_length=50)
    checksums: bool = False
    unnamed_allowed: bool = False

    @model_validator(mode="after")
    def _has_one_name_per_document(self) -> Self:
        if any("/" in alternative for one in self.documents for alternative in one.split("|")):
            raise ValueError("documents must be names in the source folder itself, without folders")
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        """What is read of the source."""
        return (*self.documents, *self.takes)

    def about(self, title: str) -> "Profile":
        """The template for a work of this title, which its patterns of folders may name as `{title}`."""
        value = glob.escape(title) or "*"
        groups = {use: pattern.replace(TITLE, value) for use, pattern in self.groups.items()}
        folders = tuple(pattern.replace(TITLE, value) for pattern in self.folders)
        return self.model_copy(update={"groups": groups, "folders": folders})

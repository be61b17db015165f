"""A profile of the plugin `jp2validation`, as values that can be validated. Runs nothing."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from taskmanager.model.jobs import Record, ShortText

Format = Literal["jp2", "jph", "j2c"]


class Profile(Record):
    """The keys of a profile file; `docs/plugins/jp2validation.md` explains them.

    `rules`: a Schematron schema (ISO/IEC 19757-3) on the report of jpylyzer. `changed_bits`: whether
    code-blocks that leave data unread make the file invalid, or are noted only.
    """

    title: ShortText
    description: str = ""
    formats: tuple[Format, ...] = ("jp2", "jph")
    changed_bits: Literal["error", "note"] = "error"
    rules: Annotated[str, StringConstraints(max_length=200_000)] = ""
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)

"""A profile of the plugin `jp2validation`, as values that can be validated. Runs nothing."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from taskmanager_plugin_runner.plugins.validation.profile import ValidationProfile

Format = Literal["jp2", "jph", "j2c"]


class Profile(ValidationProfile):
    """The keys of a profile file; `docs/plugins/jp2validation.md` explains them.

    `rules`: a Schematron schema (ISO/IEC 19757-3) on the report of jpylyzer. `changed_bits`: whether
    code-blocks that leave data unread make the file invalid, or are noted only.
    """

    formats: tuple[Format, ...] = ("jp2", "jph")
    changed_bits: Literal["error", "note"] = "error"
    rules: Annotated[str, StringConstraints(max_length=200_000)] = ""

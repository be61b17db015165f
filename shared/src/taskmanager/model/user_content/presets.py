"""Parameters of jobs that are kept under a name: one's own, or shared by all who may use the plugin."""

import unicodedata
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from taskmanager.model.jobs import Attribution, PluginName, Record, ShortText

PresetName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=80, pattern=r"^[^\s/\x00-\x1f]([^/\x00-\x1f]*[^\s/\x00-\x1f])?$"
    ),
]
"""Without slashes, because names appear in URLs, and without blanks at its ends."""


def preset_key(name: str, owner: str | None) -> str:
    """The key of a preset of that owner, or of a shared one (None): names differ by more than case.

    A slash is in no name, so no two presets have one key.
    """
    spelled = unicodedata.normalize("NFKC", name).casefold()
    return f"shared/{spelled}" if owner is None else f"own/{spelled}/{owner}"


class Preset(Record):
    """A preset as stored. `owner` is the user or token who has it; None: it is shared."""

    name: PresetName
    owner: ShortText | None = None
    plugin: PluginName
    template: ShortText | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    saved: Attribution
    """Who saved it last, and when."""
    rev: int = 0

    @property
    def key(self) -> str:
        """Its key in the store."""
        return preset_key(self.name, self.owner)

    @property
    def shared(self) -> bool:
        """Whether everybody who may use the plugin sees it."""
        return self.owner is None

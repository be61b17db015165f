"""Presets as the API takes and shows them."""

from typing import Annotated

from pydantic import Field, JsonValue

from taskmanager.model.jobs import Attribution, PluginName, Record, ShortText
from taskmanager.model.user_content.presets import Preset, PresetName
from taskmanager_gateway.http.command_bodies import ReasonBody
from taskmanager_gateway.http.views import CommandView


class PresetView(Record):
    """Template and parameters under a name."""

    name: str
    shared: bool = Field(description="Whether everybody who may use the plugin sees it; else only its owner.")
    plugin: str
    template: str | None
    parameters: dict[str, JsonValue]
    saved: Attribution = Field(description="Who saved or renamed it last, and when.")

    @classmethod
    def of(cls, one: Preset) -> "PresetView":
        """The public form of a preset."""
        return cls.model_construct(**{name: getattr(one, name) for name in cls.model_fields})


class PresetListView(Record):
    """One's own presets and the shared ones, for the plugins within reach."""

    presets: list[PresetView]


class PresetBody(ReasonBody):
    """What is kept. `shared` needs the right to operate; `replace`: a preset of that name is replaced."""

    plugin: PluginName
    template: ShortText | None = None
    parameters: Annotated[dict[str, JsonValue], Field(examples=[{"quality": 80}])] = Field(
        default_factory=dict
    )
    shared: bool = False
    replace: bool = False


class RenameBody(ReasonBody):
    """The new name."""

    name: PresetName
    shared: bool = False


class PresetCommandView(CommandView):
    """The command is stored; the scheduler carries it out within seconds."""

    preset: PresetView | None = None

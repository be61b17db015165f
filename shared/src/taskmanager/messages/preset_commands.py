"""Commands about presets; the sender has checked that the actor may give them, and that the preset fits."""

from typing import Literal

from pydantic import Field, JsonValue

from taskmanager.model.jobs import PluginName, Record, ShortText
from taskmanager.model.user_content.presets import PresetName


class SavePreset(Record):
    """Keep these under the name. `owner` None: shared. Without `replace`, the name must be free."""

    type: Literal["save_preset"] = "save_preset"
    name: PresetName
    owner: ShortText | None = None
    plugin: PluginName
    template: ShortText | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    replace: bool = False
    action: Literal["save_preset"] = "save_preset"


class RenamePreset(Record):
    """Give the preset another name, which must be free."""

    type: Literal["rename_preset"] = "rename_preset"
    name: PresetName
    owner: ShortText | None = None
    plugin: PluginName
    new_name: PresetName
    action: Literal["rename_preset"] = "rename_preset"


class RemovePreset(Record):
    """Forget the preset; jobs that were submitted with it keep what they have."""

    type: Literal["remove_preset"] = "remove_preset"
    name: PresetName
    owner: ShortText | None = None
    plugin: PluginName
    action: Literal["remove_preset"] = "remove_preset"


PresetOrder = SavePreset | RenamePreset | RemovePreset

"""Commands for presets: saved, renamed, removed. Pure."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, RemovePreset, RenamePreset, SavePreset
from taskmanager.model.reasons import actions_taken, refusals
from taskmanager.model.user_content.presets import Preset, preset_key
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.jobs.effects import CommandAnswer


class PresetSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    presets: dict[str, Preset]

    def change_preset(self, one: Preset) -> None:
        """Store the new state of a preset."""

    def forget_preset(self, key: str) -> None:
        """Remove a preset."""


def _save(space: PresetSpace, command: Command, order: SavePreset) -> CommandAnswer:
    fields = order.model_dump(include={"name", "owner", "plugin", "template", "parameters"})
    made = Preset(**fields, saved=attribution(command, space.now))
    known = space.presets.get(made.key)
    if known is not None and not order.replace:
        return "refused", refusals.PRESET_EXISTS(preset=known.name)
    if known is not None and known.model_copy(update={"saved": made.saved, "rev": 0}) == made:
        return "unchanged", None
    space.change_preset(made)
    return "done", None


def _rename(space: PresetSpace, command: Command, order: RenamePreset) -> CommandAnswer:
    known = space.presets.get(preset_key(order.name, order.owner))
    if known is None or known.plugin != order.plugin:
        return "unknown", refusals.NO_PRESET()
    if known.name == order.new_name:
        return "unchanged", None
    renamed = known.model_copy(update={"name": order.new_name, "saved": attribution(command, space.now)})
    if renamed.key != known.key and renamed.key in space.presets:
        return "refused", refusals.PRESET_EXISTS(preset=space.presets[renamed.key].name)
    if renamed.key != known.key:
        space.forget_preset(known.key)
    space.change_preset(renamed)
    return "done", None


def _remove(space: PresetSpace, _command: Command, order: RemovePreset) -> CommandAnswer:
    known = space.presets.get(preset_key(order.name, order.owner))
    if known is None or known.plugin != order.plugin:
        return "unknown", refusals.NO_PRESET()
    space.forget_preset(known.key)
    return "done", None


def _needs(command: Command, order: SavePreset | RemovePreset) -> Needs:
    """The preset, and any earlier answer to the command."""
    return Needs(access=frozenset({command.id}), presets=frozenset({preset_key(order.name, order.owner)}))


def _needs_of_renaming(command: Command, order: RenamePreset) -> Needs:
    """The same, and whoever has the new name."""
    keys = frozenset(preset_key(name, order.owner) for name in (order.name, order.new_name))
    return Needs(access=frozenset({command.id}), presets=keys)


def _subject(_: PresetSpace, order: SavePreset | RenamePreset | RemovePreset) -> Subject:
    return Subject(plugin=order.plugin)


SAVE: CommandHandler[PresetSpace, SavePreset] = CommandHandler(
    needs=_needs,
    subject=_subject,
    describe=lambda order: actions_taken.SAVE_PRESET[order.owner is None](preset=order.name),
    execute=_save,
    once=True,
)
RENAME: CommandHandler[PresetSpace, RenamePreset] = CommandHandler(
    needs=_needs_of_renaming,
    subject=_subject,
    describe=lambda order: actions_taken.RENAME_PRESET[order.owner is None](
        preset=order.name, name=order.new_name
    ),
    execute=_rename,
    once=True,
)
REMOVE: CommandHandler[PresetSpace, RemovePreset] = CommandHandler(
    needs=_needs,
    subject=_subject,
    describe=lambda order: actions_taken.REMOVE_PRESET[order.owner is None](preset=order.name),
    execute=_remove,
    once=True,
)

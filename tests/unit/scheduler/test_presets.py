"""Commands for presets: what is kept, what is refused, what the audit says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from taskmanager.messages import Command, CommandResult, RemovePreset, RenamePreset, SavePreset
from taskmanager.model.user_content.presets import PresetName, preset_key
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway
from taskmanager_scheduler.jobs.english import english
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)


class Desk:
    """One store, and commands one after the other."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    async def give(self, order: Any, number: str = "") -> CommandResult:
        name = number or f"c-{len(self.store.audit)}"
        command = Command(id=name, gateway="g", actor="anna", at=NOW, order=order)
        decision = await self.store.apply(
            needs_of([command]), lambda snapshot: decide([command], snapshot, NOW)
        )
        return next(one.result for one in decision.effects if isinstance(one, AnswerGateway))

    @property
    def kept(self) -> dict[str, Any]:
        return {one.name: one.parameters for one in self.store.presets.values()}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def save(name: str = "Mine", **fields: Any) -> SavePreset:
    return SavePreset(**{"name": name, "owner": "anna", "plugin": "noop", **fields})


async def test_a_preset_is_kept_with_who_saved_it_and_named_in_the_audit(desk: Desk) -> None:
    assert (await desk.give(save(parameters={"rate": 3}))).outcome == "done"
    one = desk.store.presets[preset_key("mine", "anna")]
    assert (one.name, one.saved.by, one.saved.at, one.rev) == ("Mine", "anna", NOW, 1)
    [entry] = desk.store.audit.values()
    assert entry.what is not None
    assert entry.what.code == "deed.save_preset"
    assert (entry.plugin, english(entry.what)) == ("noop", "save preset Mine")


async def test_a_name_that_is_taken_needs_to_be_replaced_in_so_many_words(desk: Desk) -> None:
    await desk.give(save(parameters={"rate": 3}))
    refused = await desk.give(save("MINE", parameters={"rate": 4}))
    assert (refused.outcome, english(refused.told)) == ("refused", "there is a preset 'Mine' already")
    assert (await desk.give(save("MINE", parameters={"rate": 4}, replace=True))).outcome == "done"
    assert desk.kept == {"MINE": {"rate": 4}}
    assert (await desk.give(save("MINE", parameters={"rate": 4}, replace=True))).outcome == "unchanged"


async def test_own_and_shared_presets_may_have_one_name(desk: Desk) -> None:
    for owner in ("anna", "ben", None):
        assert (await desk.give(save(owner=owner))).outcome == "done"
    assert len(desk.store.presets) == 3
    shared = [entry.what for entry in desk.store.audit.values()][-1]
    assert shared is not None
    assert shared.code == "deed.save_shared_preset"


async def test_a_preset_is_renamed_to_a_free_name_or_another_spelling(desk: Desk) -> None:
    await desk.give(save("One", parameters={"rate": 1}))
    await desk.give(save("Two"))
    rename = RenamePreset(name="one", owner="anna", plugin="noop", new_name="two")
    assert (await desk.give(rename)).outcome == "refused"
    assert (await desk.give(rename.model_copy(update={"new_name": "ONE"}))).outcome == "done"
    assert (await desk.give(rename.model_copy(update={"new_name": "Three"}))).outcome == "done"
    assert desk.kept == {"Two": {}, "Three": {"rate": 1}}
    assert (await desk.give(rename)).outcome == "unknown"


async def test_a_preset_is_removed_once_and_only_as_one_of_its_plugin(desk: Desk) -> None:
    await desk.give(save())
    remove = RemovePreset(name="Mine", owner="anna", plugin="other")
    assert (await desk.give(remove)).outcome == "unknown"
    assert (await desk.give(remove.model_copy(update={"plugin": "noop"}))).outcome == "done"
    assert desk.kept == {}


async def test_a_command_that_is_delivered_again_gets_its_first_answer(desk: Desk) -> None:
    assert (await desk.give(save(), "c")).outcome == "done"
    await desk.give(RemovePreset(name="Mine", owner="anna", plugin="noop"))
    assert (await desk.give(save(), "c")).outcome == "done"
    assert desk.kept == {}


def test_no_two_presets_have_one_key() -> None:
    keys = {preset_key("a", None), preset_key("a", "x"), preset_key("a", "y"), preset_key("b", "x")}
    assert len(keys) == 4
    assert preset_key("\ufb01le", None) == preset_key("FILE", None)


@pytest.mark.parametrize("name", ["", " a", "a ", "a/b", "a\nb", "x" * 81])
def test_a_name_fits_into_an_address_and_a_line(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PresetName).validate_python(name)

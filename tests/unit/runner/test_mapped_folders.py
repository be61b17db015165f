"""A runner that has the share elsewhere than the stored job says."""

from pathlib import Path

import pytest
from tests.unit.runner.faults import fill, names
from tests.unit.runner.slots import slot, task

from taskmanager.errors import PathRefusedError
from taskmanager_plugin_runner.settings import RunnerSettings
from taskmanager_plugin_runner.slot_protocol import SlotStep

STORED = "/mnt/goobi/metadata"


@pytest.mark.parametrize("mode", ["copy", "in_place"])
async def test_a_job_is_read_and_placed_where_its_folders_lie_here(tmp_path: Path, mode: str) -> None:
    fill(tmp_path / "4711", {"in/1.txt": "one", "out/old.txt": "old"})
    job = task("tally", source=f"{STORED}/4711/in", destination=f"{STORED}/4711/out")

    async with slot("tally", tmp_path, upload_mode=mode, paths=f"{STORED}={tmp_path}") as (process, _):
        for step in (SlotStep.STAGE_IN, SlotStep.RUN, SlotStep.STAGE_OUT):
            answer = await process.ask(step, job)
            assert answer.failure is None

    assert len(names(tmp_path / "4711/out")) == 2


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("/elsewhere/4711", "leads outside the folders jobs may use"),
        (f"{STORED}/../etc", "contains '..'"),
    ],
)
async def test_a_path_that_is_not_mapped_into_the_roots_fails_the_job(
    tmp_path: Path, source: str, sentence: str
) -> None:
    async with slot("tally", tmp_path, paths=f"{STORED}={tmp_path}") as (process, _):
        answer = await process.ask(SlotStep.STAGE_IN, task("tally", source=source))

    assert answer.failure is not None
    assert sentence in answer.failure.message
    assert str(tmp_path) in answer.failure.message or ".." in sentence


def test_a_wrong_mapping_is_told_at_the_start(tmp_path: Path) -> None:
    settings = RunnerSettings(workspace=tmp_path, roots=str(tmp_path), paths="/a")

    with pytest.raises(PathRefusedError, match="'/a' is no mapping: write /their/folder=/our/folder"):
        _ = settings.job_roots


async def test_folders_in_the_other_unicode_form_are_found_and_the_log_says_so(tmp_path: Path) -> None:
    there, given = "u\N{COMBINING DIAERESIS}", "\N{LATIN SMALL LETTER U WITH DIAERESIS}"
    fill(tmp_path / there, {"in/1.txt": "one", "out/old.txt": "old"})
    job = task("tally", source=f"{tmp_path}/{given}/in", destination=f"{tmp_path}/{given}/out")

    async with slot("tally", tmp_path) as (process, ears):
        source: Path | None = None
        for step in (SlotStep.STAGE_IN, SlotStep.RUN, SlotStep.STAGE_OUT):
            answer = await process.ask(step, job, source)
            assert answer.failure is None
            source = Path(answer.source or "")

    assert names(tmp_path / there / "out") == ["1.txt", "old.txt", "tally.txt"]
    assert len([note for note in ears.logs if "exists in another Unicode form only" in note.text]) == 2

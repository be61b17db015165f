"""A workspace that is removed under a job leaves nothing of it in the process folder."""

import shutil
from pathlib import Path

import pytest
from tests.unit.runner.faults import fill, picture
from tests.unit.runner.slots import slot, task

from taskmanager_plugin_runner.slot_protocol import SlotStep


@pytest.mark.parametrize("existing", [True, False])
async def test_the_stage_goes_though_nothing_remembers_it(tmp_path: Path, existing: bool) -> None:
    fill(tmp_path / "in", {"a.tif": "a"})
    fill(tmp_path / "book", {"out/keep": "mine"} if existing else {})
    before = picture(tmp_path / "book")
    job = task("tally", source=str(tmp_path / "in"), destination=str(tmp_path / "book" / "out"))
    async with slot("tally", tmp_path) as (process, _):
        brought = await process.ask(SlotStep.STAGE_IN, job)
        assert (await process.ask(SlotStep.RUN, job, Path(brought.source or ""))).failure is None
        shutil.rmtree(tmp_path / "workspace" / f"{job.job}-1")
        assert (await process.ask(SlotStep.STAGE_OUT, job)).failure is not None
        assert (await process.ask(SlotStep.CLEAN, job)).failure is None
    assert picture(tmp_path / "book") == before

"""Slots hold a destination against their sources and results before they work. Real processes."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runner.faults import fill, names, picture
from tests.unit.runner.slots import Ears, slot, task

from taskmanager.errors import JobKilledError
from taskmanager.messages import Grant
from taskmanager.process.failpoints import END_AT, Failpoint
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotAnswer, SlotStep
from taskmanager_plugin_runner.transport.recovery import recover

PAGES = {"1.tif": "one", "2.tif": "two"}
EARLIER = {"2.out": "old 2", "3.out": "old 3", ".4.out": "hidden", "3.txt": "a note", "sub/3.out": "deep"}
STEPS = (SlotStep.STAGE_IN, SlotStep.RUN, SlotStep.STAGE_OUT)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    fill(tmp_path / "master", PAGES)
    fill(tmp_path / "out", EARLIER)
    return tmp_path


def job(book: Path, source: str = "master", destination: str = "out", **more: Any) -> Grant:
    return task("press", source=str(book / source), destination=str(book / destination), **more)


async def through(process: SlotProcess, made: Grant) -> SlotAnswer:
    """All steps; the answer of the first that failed, or of the last. A failed attempt is cleaned up."""
    source: Path | None = None
    for step in STEPS:
        answer = await process.ask(step, made, source)
        if answer.failure is not None:
            await process.ask(SlotStep.CLEAN, made)
            return answer
        source = Path(answer.source) if answer.source else source
    return answer


async def done(book: Path, made: Grant, mode: str = "auto") -> tuple[str | None, Ears]:
    """What a job says in the end, None if it went well, and all it said before."""
    async with slot("press", book, upload_mode=mode) as (process, ears):
        async with asyncio.timeout(30):
            answer = await through(process, made)
        return answer.failure.message if answer.failure else None, ears


@pytest.mark.parametrize("mode", ["copy", "in_place"])
@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("master", "master", "is the source"),
        ("master", "link", "is the source"),
        ("link", "master/new", "lies in the source"),
        ("master/1.tif", "link", "is the folder of the source"),
    ],
)
async def test_a_destination_that_is_the_source_is_refused_before_any_work(
    book: Path, mode: str, source: str, destination: str, words: str
) -> None:
    (book / "link").symlink_to("master")
    before = picture(book / "master")
    said, ears = await done(book, job(book, source, destination), mode)
    assert f"the destination {words}: name another folder" in str(said)
    assert (picture(book / "master"), ears.progress) == (before, [])


async def test_a_template_that_works_in_place_replaces_its_sources(book: Path) -> None:
    said, _ = await done(book, job(book, "master", "master", template="turn"))
    assert said is None
    assert (book / "master" / "1.tif").read_text(encoding="utf-8") == "printed one"
    assert names(book / "master") == ["1.tif", "2.tif"]


async def test_hard_links_of_the_sources_are_found_before_any_work(book: Path) -> None:
    fill(book / "media", {})
    (book / "media" / "1.tif").hardlink_to(book / "master" / "1.tif")
    fill(book / "master", {"1.out": "a source that looks like a result"})
    (book / "media" / "1.out").hardlink_to(book / "master" / "1.out")
    (book / "master" / "1.tif").unlink()
    said, ears = await done(book, job(book, destination="media"))
    assert "1 result(s) would replace sources of the job" in str(said)
    assert ears.progress == []


async def test_results_may_go_to_the_folder_that_holds_the_source_folder(book: Path) -> None:
    said, _ = await done(book, job(book, destination="."))
    assert said is None
    assert {"1.out", "2.out"} <= set(names(book))


@pytest.mark.parametrize("mode", ["copy", "in_place"])
async def test_a_pipe_is_no_source_and_nobody_waits_for_it(book: Path, mode: str) -> None:
    os.mkfifo(book / "pipe")
    said, _ = await done(book, job(book, "pipe"), mode)
    assert said == f"the source {book / 'pipe'} is a named pipe: name a file or a folder"


@pytest.mark.parametrize("mode", ["copy", "in_place"])
async def test_a_pipe_in_the_source_is_left_out_with_a_warning(book: Path, mode: str) -> None:
    os.mkfifo(book / "master" / "3.tif")
    (book / "master" / "4.tif").symlink_to("3.tif")
    said, ears = await done(book, job(book), mode)
    assert said is None
    warned = [note.text for note in ears.logs if "jobs read nothing of this kind" in note.text]
    assert len(warned) == 1
    assert warned[0].endswith("3.tif (a named pipe), 4.tif (a named pipe)")


async def test_pages_that_are_gone_are_named_and_stay(book: Path) -> None:
    said, ears = await done(book, job(book))
    assert said is None
    assert [note.level for note in ears.logs] == ["warning"]
    assert "1 file(s) in" in ears.logs[0].text
    assert "are kept: 3.out (" in ears.logs[0].text
    assert names(book / "out") == [".4.out", "1.out", "2.out", "3.out", "3.txt", "sub"]


async def test_pages_that_are_gone_leave_on_demand(book: Path) -> None:
    said, ears = await done(book, job(book, parameters={"existing": "replace"}))
    assert said is None
    assert [note.text for note in ears.logs] == [
        "1 file(s) of pages that are gone leave when the results come: 3.out"
    ]
    assert names(book / "out") == [".4.out", "1.out", "2.out", "3.txt", "sub"]
    assert names(book / "out" / "sub") == ["3.out"]


async def test_a_job_may_refuse_a_destination_that_has_results(book: Path) -> None:
    before = picture(book / "out")
    said, ears = await done(book, job(book, parameters={"existing": "refuse"}))
    assert "already holds 2 file(s) with the suffix of the results: 2.out, 3.out" in str(said)
    assert (picture(book / "out"), ears.progress) == (before, [])
    said, _ = await done(book, job(book, destination="new", parameters={"existing": "refuse"}))
    assert said is None


@pytest.mark.parametrize("policy", ["keep", "replace"])
async def test_a_job_over_one_file_leaves_all_other_pages_alone(book: Path, policy: str) -> None:
    said, ears = await done(book, job(book, "master/2.tif", parameters={"existing": policy}))
    assert (said, ears.logs) == (None, [])
    assert names(book / "out") == [".4.out", "2.out", "3.out", "3.txt", "sub"]


async def test_a_job_over_one_file_refuses_only_its_own_result(book: Path) -> None:
    refuse = {"existing": "refuse"}
    said, _ = await done(book, job(book, "master/2.tif", parameters=refuse))
    assert "already holds 1 file(s) with the suffix of the results: 2.out" in str(said)
    said, _ = await done(book, job(book, "master/1.tif", parameters=refuse))
    assert said is None


async def test_a_job_in_place_never_removes_a_source_it_did_not_take(book: Path) -> None:
    fill(book / "master", {"9.tif": "nine"})
    made = job(book, "master", "master", template="turn", parameters={"existing": "replace"})
    said, ears = await done(book, made)
    assert (said, ears.logs) == (None, [])
    assert names(book / "master") == ["1.tif", "2.tif", "9.tif"]


@pytest.mark.parametrize(
    "point", [Failpoint.SLOT_BEFORE_RENAME, Failpoint.SLOT_BEFORE_REMOVAL, Failpoint.SLOT_BEFORE_SEAL]
)
async def test_a_death_while_pages_leave_is_undone(
    book: Path, monkeypatch: pytest.MonkeyPatch, point: Failpoint
) -> None:
    fill(book / "out", {"5.out": "old 5"})
    before = picture(book / "out")
    monkeypatch.setenv(END_AT, f"{point}:{1 if point is Failpoint.SLOT_BEFORE_SEAL else 2}")
    with pytest.raises(JobKilledError):
        await done(book, job(book, parameters={"existing": "replace"}))
    assert picture(book / "out") != before
    assert recover(book / "workspace") == 1
    assert picture(book / "out") == before

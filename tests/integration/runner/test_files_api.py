"""Slots without the share: input and results go over the files API of a fake Goobi, whatever happens."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runner.faults import attempts
from tests.unit.runner.slots import PLUGINS, Ears, options, task

from taskmanager.errors import JobKilledError, SupersededError
from taskmanager.messages import Grant
from taskmanager.model.jobs import GoobiReference
from taskmanager.process.failpoints import END_AT
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.results.stage_filling import ResultFile
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import LogNote, SlotAnswer, SlotStep
from taskmanager_plugin_runner.transport.goobi_delivery import GoobiDelivery, Journal, deliver, prepare
from taskmanager_plugin_runner.transport.goobi_files import api
from taskmanager_plugin_runner.transport.recovery import recover
from taskmanager_testing.goobi.access import TOKEN
from taskmanager_testing.goobi.app import REST_ROOT
from taskmanager_testing.goobi.faults import Fault, FaultKind
from taskmanager_testing.goobi.server import RunningGoobi, running_goobi

PAGES = {"1.tif": b"one", "2.tif": b"two"}
RESULT = {**PAGES, "tally.txt": b"2\n"}
JOB = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS), prepend=os.pathsep)


@pytest.fixture
def goobi() -> Iterator[RunningGoobi]:
    with running_goobi() as server:
        server.goobi.workflow.process(1).files["master"] = dict(PAGES)
        yield server


@pytest.fixture
def settings(goobi: RunningGoobi, tmp_path: Path) -> Path:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    file = tmp_path / "goobi.toml"
    file.write_text(
        f"""
        [installations.main]
        dialect = "core"
        url = "{goobi.url}{REST_ROOT.removesuffix("/api")}"
        token_file = "{tmp_path / "token"}"
        timeout_seconds = 5
        [installations.main.folders]
        "master_*" = "master"
        "*_media" = "media"
        """,
        encoding="utf-8",
    )
    return file


@asynccontextmanager
async def slot(folder: Path, settings: Path, plugin: str = "tally") -> AsyncIterator[SlotProcess]:
    process = SlotProcess(0, replace(options(plugin, folder), goobi=str(settings)))
    await process.start()
    process.listener = Ears()
    try:
        yield process
    finally:
        await process.stop()


def heard(process: SlotProcess) -> list[LogNote]:
    assert isinstance(process.listener, Ears)
    return process.listener.logs


def job(folder: Path, attempt: int = 1, plugin: str = "tally", **more: Any) -> Grant:
    images = folder / "metadata" / "1" / "images"
    fields = {
        "source": str(images / "master_zoo_media"),
        "destination": str(images / "zoo_media"),
        "goobi": GoobiReference(process_id=1),
    }
    return task(plugin, attempt=attempt, job=JOB, **{**fields, **more})


async def until_placed(process: SlotProcess, made: Grant) -> SlotAnswer:
    """All steps up to the results; the answer of the first that failed, or of the last."""
    brought = await process.ask(SlotStep.STAGE_IN, made)
    if brought.failure is not None:
        return brought
    assert brought.source is not None
    ran = await process.ask(SlotStep.RUN, made, Path(brought.source))
    return ran if ran.failure is not None else await process.ask(SlotStep.STAGE_OUT, made)


def media(goobi: RunningGoobi) -> dict[str, bytes]:
    return goobi.goobi.workflow.process(1).files.get("media", {})


async def test_a_job_is_fetched_and_delivered_without_the_share(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    async with slot(tmp_path, settings) as process:
        placed = await until_placed(process, job(tmp_path))
        assert (placed.failure, placed.files, placed.bytes) == (None, 3, 8)
        assert (await process.ask(SlotStep.CLEAN, job(tmp_path))).failure is None
    assert media(goobi) == RESULT
    assert not (tmp_path / "metadata").exists()


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.RESET, FaultKind.LOST, FaultKind.GARBAGE])
async def test_two_faults_in_a_row_are_survived(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, kind: FaultKind
) -> None:
    async with slot(tmp_path, settings) as process:
        for path in ("/files/master", "/files/media$", "/files/media"):
            goobi.goobi.faults.set(Fault(kind, path, times=2))
            placed = await until_placed(process, job(tmp_path))
            assert placed.failure is None
            assert media(goobi) == RESULT
            assert (await process.ask(SlotStep.CLEAN, job(tmp_path))).failure is None
            media(goobi).clear()


async def test_a_wrong_token_is_said_before_the_work(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("wrong", encoding="utf-8")
    async with slot(tmp_path, settings) as process:
        answer = await process.ask(SlotStep.STAGE_IN, job(tmp_path))
    assert answer.failure is not None
    assert "check the token" in answer.failure.message
    assert not media(goobi)


async def test_what_is_there_is_not_replaced_unless_equal(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    goobi.goobi.workflow.process(1).files["media"] = {"1.tif": b"one", "2.tif": b"precious"}
    async with slot(tmp_path, settings) as process:
        placed = await until_placed(process, job(tmp_path))
        assert placed.failure is not None
        assert "nothing is replaced" in placed.failure.message
        await process.ask(SlotStep.CLEAN, job(tmp_path))
    assert media(goobi) == {"1.tif": b"one", "2.tif": b"precious"}


async def test_one_folder_of_goobi_as_source_and_destination_is_refused(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    other_name_for_it = str(tmp_path / "metadata" / "1" / "images" / "master_other")
    async with slot(tmp_path, settings) as process:
        answer = await process.ask(SlotStep.STAGE_IN, job(tmp_path, destination=other_name_for_it))
    assert answer.failure is not None
    assert "the destination is the source: both are folder 'master'" in answer.failure.message


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("keep", None),
        ("replace", "nothing is removed over Goobi's files API"),
        ("refuse", "already holds 1 file(s) with the suffix of the results: 3.out"),
    ],
)
async def test_results_of_pages_that_are_gone_are_seen_in_goobi_too(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, policy: str, words: str | None
) -> None:
    goobi.goobi.workflow.process(1).files["media"] = {"3.out": b"old", "note.txt": b"x"}
    async with slot(tmp_path, settings, "press") as process:
        placed = await until_placed(process, job(tmp_path, plugin="press", parameters={"existing": policy}))
        said = [note.text for note in heard(process)]
    if words is None:
        assert placed.failure is None
        assert "look like results of pages that no longer exist and are kept: 3.out" in said[0]
        assert set(media(goobi)) == {"1.out", "2.out", "3.out", "note.txt"}
    else:
        assert placed.failure is not None
        assert words in placed.failure.message
        assert set(media(goobi)) == {"3.out", "note.txt"}


async def test_a_goobi_that_fails_half_way_is_put_back_once_it_is_there(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    goobi.goobi.workflow.process(1).files["media"] = {"1.tif": b"one", "other": b"x"}
    async with slot(tmp_path, settings) as process:
        goobi.goobi.faults.set(Fault(FaultKind.ERROR, "/files/media/(2|tally)"))
        made = job(tmp_path)
        answer = await until_placed(process, made)
        assert answer.failure is not None
        assert answer.failure.temporary
        goobi.goobi.faults.clear()
        assert (await process.ask(SlotStep.CLEAN, made)).failure is None
    assert media(goobi) == {"1.tif": b"one", "other": b"x"}


async def killed_while_placing(
    folder: Path, settings: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setenv(END_AT, point)
    async with slot(folder, settings) as process:
        with pytest.raises(JobKilledError):
            await until_placed(process, job(folder))
    monkeypatch.delenv(END_AT)


@pytest.mark.parametrize("point", ["slot-before-rename:1", "slot-before-rename:3", "slot-before-seal"])
async def test_the_next_attempt_of_another_runner_repairs_a_killed_delivery(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    await killed_while_placing(first, settings, monkeypatch, point)
    assert f".tm-{JOB}.json" in media(goobi)
    async with slot(second, settings) as process:
        later = job(second, attempt=2)
        assert (await process.ask(SlotStep.STAGE_IN, later)).failure is None
        assert not media(goobi)
        assert (await until_placed(process, later)).failure is None
    assert media(goobi) == RESULT
    recover(first / "workspace", settings)  # the first is back and must touch nothing of it
    assert media(goobi) == RESULT
    assert attempts(first / "workspace") == []


async def test_a_runner_that_is_back_first_undoes_its_delivery(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await killed_while_placing(tmp_path, settings, monkeypatch, "slot-before-rename:2")
    goobi.stop()
    recover(tmp_path / "workspace", settings)
    goobi.start()
    assert media(goobi)
    recover(tmp_path / "workspace", settings)
    assert not media(goobi)


async def test_what_was_delivered_stays_when_the_slot_dies_after_it(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await killed_while_placing(tmp_path, settings, monkeypatch, "slot-after-seal")
    recover(tmp_path / "workspace", settings)
    assert media(goobi) == RESULT


async def test_an_attempt_that_another_has_overtaken_delivers_nothing(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    async with slot(tmp_path, settings) as process:
        journal = Journal(attempt=2, names=("tally.txt",)).sealed(
            GoobiDelivery("main", 1, "media", JOB, 2), NO_KEY
        )
        body = journal.model_dump_json().encode()
        goobi.goobi.workflow.process(1).files["media"] = {f".tm-{JOB}.json": body}
        answer = await process.ask(SlotStep.STAGE_IN, job(tmp_path))
        assert answer.failure is not None
        assert answer.failure.kind == "SupersededError"
    assert media(goobi) == {f".tm-{JOB}.json": body}


@pytest.mark.parametrize("names", [("other",), ("../other",)])
async def test_a_planted_journal_removes_nothing(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    planted = Journal(attempt=1, names=names)
    delivery = GoobiDelivery("main", 1, "media", JOB, 1)
    sealed = planted.sealed(delivery, NO_KEY if "/" in names[0] else Seal(b"a guess"))
    before = {"other": b"x", f".tm-{JOB}.json": sealed.model_dump_json().encode()}
    goobi.goobi.workflow.process(1).files["media"] = dict(before)
    async with slot(tmp_path, settings) as process:
        answer = await process.ask(SlotStep.STAGE_IN, job(tmp_path))
    assert answer.failure is not None
    assert "was not written by a runner of this plugin" in answer.failure.message
    assert media(goobi) == before


@pytest.mark.parametrize("asked", [1, 2, 3, 4, 5])
def test_an_attempt_whose_lease_ends_meanwhile_takes_all_back(
    goobi: RunningGoobi, settings: Path, tmp_path: Path, asked: int
) -> None:
    delivery = GoobiDelivery("main", 1, "media", JOB, 1)
    results = [ResultFile(name, tmp_path / name, len(content)) for name, content in RESULT.items()]
    for result in results:
        result.path.write_bytes(RESULT[result.name])
    answers = iter([True] * (asked - 1) + [False])
    with api(settings, delivery) as there, pytest.raises(SupersededError):
        deliver(there, delivery, results, lambda: next(answers))
    assert not media(goobi)


def test_a_frozen_attempt_that_wakes_after_its_successor_leaves_its_results_alone(
    goobi: RunningGoobi, settings: Path, tmp_path: Path
) -> None:
    first, second = (GoobiDelivery("main", 1, "media", JOB, attempt) for attempt in (1, 2))
    result = ResultFile("tally.txt", tmp_path / "tally.txt", 2)
    result.path.write_bytes(RESULT[result.name])
    with api(settings, first) as there:

        def overtaken() -> bool:
            if ".tm-" in "".join(media(goobi)):
                prepare(there, second)
                deliver(there, second, [result])
            return True

        with pytest.raises(SupersededError):
            deliver(there, first, [result, replace(result, name="more.txt")], overtaken)
    assert media(goobi) == {"tally.txt": b"2\n"}

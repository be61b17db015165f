"""Real slots leave records whose digests coreutils confirms."""

import asyncio
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError
from tests.unit.provenance.documents import digests, texts, valid
from tests.unit.runner.faults import fill, names, picture
from tests.unit.runner.slots import Ears, options, task

from taskmanager.errors import PermanentError
from taskmanager.messages import Grant
from taskmanager_plugin_runner.plugins.catalogue import TEMPLATES_VARIABLE, provenance_of_templates
from taskmanager_plugin_runner.settings import Provenance, RunnerSettings, TransportName
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotAnswer, SlotStep

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SOURCES = {"17/images/master/1.tif": "one", "17/images/master/2.tif": "two"}


def job(folder: Path, plugin: str = "tally", **more: Any) -> Grant:
    made = task(
        plugin,
        source=str(folder / "17/images/master"),
        destination=str(folder / "17/images/media"),
        goobi={"process_id": 17, "process_title": "zoologia"},
        **more,
    )
    return made.model_copy(update={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})


async def done(folder: Path, made: Grant, *, between: Any = None, **more: Any) -> tuple[SlotAnswer, Ears]:
    """The last answer, and what was reported; `between` is called before the results are placed."""
    chosen = {"provenance": True, **more}
    process, ears = SlotProcess(0, replace(options(made.spec.plugin, folder), **chosen)), Ears()
    await process.start()
    process.listener = ears
    try:
        async with asyncio.timeout(60):
            brought = await process.ask(SlotStep.STAGE_IN, made)
            if brought.failure is not None:
                return brought, ears
            ran = await process.ask(SlotStep.RUN, made, Path(brought.source or ""))
            assert ran.failure is None, ran.failure
            if between is not None:
                between()
            return await process.ask(SlotStep.STAGE_OUT, made), ears
    finally:
        await process.stop()


def record(folder: Path, kind: str) -> bytes:
    found = [*(folder / "17" / "taskmanager").glob(f"*/*.{kind}")]
    assert len(found) == 1
    return found[0].read_bytes()


def by_coreutils(folder: Path, *files: str) -> dict[str, str]:
    words = ["/usr/bin/sha512sum", "--", *files]
    said = subprocess.run(words, cwd=folder, capture_output=True, check=True, text=True)
    return {line.partition("  ")[2]: line.partition("  ")[0] for line in said.stdout.splitlines()}


@pytest.mark.parametrize("mode", ["copy", "in_place"])
async def test_a_job_leaves_the_digests_of_what_it_read_and_wrote(tmp_path: Path, mode: str) -> None:
    fill(tmp_path, SOURCES)
    made = job(tmp_path)
    placed, _ = await done(tmp_path, made, upload_mode=mode)
    assert placed.failure is None
    root = valid(record(tmp_path, "premis.xml"))
    written = [f"images/media/{name}" for name in ("1.tif", "2.tif", "tally.txt")]
    read = ["images/master/1.tif", "images/master/2.tif"]
    assert digests(root) == by_coreutils(tmp_path / "17", *read, *written)
    told = json.loads(record(tmp_path, "json"))
    assert {one["name"]: tuple(one["made_from"]) for one in told["written"]} == {
        written[0]: (read[0],),
        written[1]: (read[1],),
        written[2]: tuple(read),
    }
    assert (told["job"], told["attempt"], told["trace"], told["goobi"]["process_id"]) == (
        made.job,
        1,
        TRACE,
        17,
    )
    assert told["runner"]["id"] == "workspace"
    assert texts(root, "agent/agentName")[:2] == ["Goobi TaskManager", "Goobi TaskManager, plugin tally"]


async def test_programs_libraries_and_records_of_files_are_told(tmp_path: Path) -> None:
    fill(tmp_path, {"17/images/master/0001.tif": "one", "17/images/master/x.tif": "x"})
    made = job(tmp_path, "recording", parameters={"tool": ["sha512sum", "--version"], "files": 1})
    placed, ears = await done(tmp_path, made)
    assert (placed.failure, len(ears.files)) == (None, 1)
    tools = json.loads(record(tmp_path, "json"))["tools"]
    assert [one["name"] for one in tools] == ["sha512sum"]
    assert "coreutils" in tools[0]["version"]


async def test_derivatives_name_their_sources_and_the_libraries_that_made_them(tmp_path: Path) -> None:
    fill(tmp_path, {"17/images/master/": ""})
    for page in ("1.tif", "2.tif"):
        Image.new("RGB", (60, 40), "teal").save(tmp_path / "17/images/master" / page)
    placed, _ = await done(tmp_path, job(tmp_path, "shell", template="jpeg-small"))
    assert placed.failure is None
    root, told = valid(record(tmp_path, "premis.xml")), json.loads(record(tmp_path, "json"))
    assert [one["made_from"] for one in told["written"]] == [["images/master/1.tif"], ["images/master/2.tif"]]
    assert {"imagecodecs", "numpy"} <= {one["name"] for one in told["tools"] if one["kind"] == "library"}
    assert set(texts(root, "object//formatName")) == {"image/tiff", "image/jpeg"}


async def test_without_the_setting_nothing_is_left(tmp_path: Path) -> None:
    fill(tmp_path, SOURCES)
    placed, _ = await done(tmp_path, job(tmp_path), provenance=False)
    assert placed.failure is None
    assert names(tmp_path / "17") == ["images"]


@pytest.mark.parametrize(("always", "said", "left"), [(True, "false", False), (False, "true", True)])
async def test_a_template_has_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, always: bool, said: str, left: bool
) -> None:
    fill(tmp_path, SOURCES)
    text = f'title = "A list"\ntask = "list"\nprovenance = {said}\n'
    fill(tmp_path / "templates", {"checksums/own.toml": text})
    monkeypatch.setenv(TEMPLATES_VARIABLE, str(tmp_path / "templates"))
    folder = str(tmp_path / "17")
    made = task("checksums", source=folder, destination=folder, template="own", goobi={"process_id": 17})
    placed, _ = await done(tmp_path, made, provenance=always)
    assert placed.failure is None
    assert (tmp_path / "17" / "taskmanager").exists() is left


def test_a_template_that_says_it_wrongly_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskmanager_plugin_runner.plugins.checksums import ChecksumsPlugin  # noqa: PLC0415

    text = 'title = "A list"\ntask = "list"\nprovenance = "yes"\n'
    fill(tmp_path, {"checksums/own.toml": text})
    monkeypatch.setenv(TEMPLATES_VARIABLE, str(tmp_path))
    with pytest.raises(PermanentError, match=r"own.toml: provenance: write true or false"):
        ChecksumsPlugin()
    assert provenance_of_templates("checksums") == {}


async def test_a_source_changed_while_it_was_read_is_tried_again(tmp_path: Path) -> None:
    fill(tmp_path, SOURCES)
    before = picture(tmp_path / "17")

    def change() -> None:
        fill(tmp_path, {"17/images/master/2.tif": "other"})

    placed, _ = await done(tmp_path, job(tmp_path), between=change, upload_mode="in_place")
    assert placed.failure is not None
    assert placed.failure.temporary
    assert "2.tif was changed while the job read it" in placed.failure.message
    fill(tmp_path, SOURCES)
    assert picture(tmp_path / "17") == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_process_without_right_to_write_is_told_before_the_work(tmp_path: Path) -> None:
    fill(tmp_path, SOURCES)
    (tmp_path / "17").chmod(0o555)
    try:
        fill(tmp_path / "17/images/media", {})
        brought, _ = await done(tmp_path, job(tmp_path))
    finally:
        (tmp_path / "17").chmod(0o755)
    assert brought.failure is not None
    assert "the record of the job cannot be placed" in brought.failure.message


def test_records_do_not_go_over_the_files_api(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="files-api cannot place the records"):
        RunnerSettings(
            amqp_url="amqp://localhost",
            roots="/",
            workspace=tmp_path,
            transport=TransportName.FILES_API,
            goobi=tmp_path,
            provenance=Provenance.ON,
        )

"""Jobs for an engine that watches folders, emulated in a thread, with the faults of real ones."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.integration.plugins.conftest import page
from tests.peers.engine import HotFolders, watching, xml_and_text

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager_plugin_runner.plugins.dropfolder import DropFolderPlugin
from taskmanager_plugin_runner.slot.checkpoint import JobCancelled
from taskmanager_testing.plugins import CancelledInTestError, LocalContext, run_plugin

TITLE = "title_of_a_process"
NUMBER = 5


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(1, NUMBER + 1):
        page("L", (60 + number, 80)).save(folder / f"{number}.tif")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return HotFolders(tmp_path / "engine", xml_and_text).root


def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, control: bool = False, **more: Any) -> None:
    """The operator's template `engine`."""
    root = tmp_path / "engine"
    values = {
        "title": "x",
        "input": str(root / "input"),
        "output": str(root / "output"),
        "errors": str(root / "errors"),
        "pictures_most": 2,
        "poll_seconds": 0.01,
        "settled_seconds": 0.02,
        "silent_seconds": 120.0,
        **({"control": str(root / "control")} if control else {}),
        **more,
    }
    tables = {
        "results": {".xml": "ocr/{process_title}_xml", ".txt": "ocr/{process_title}_txt"},
        "ticket_file": {},
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if key not in tables]
    for name, default in tables.items():
        if rows := values.get(name, default):
            lines += [f"[{name}]", *(f"{json.dumps(key)} = {json.dumps(one)}" for key, one in rows.items())]
    folder = tmp_path / "templates" / "dropfolder"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engine.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(folder.parent))


def run(source: Path, out: Path, **more: Any) -> LocalContext:
    return run_plugin(DropFolderPlugin(), source, out, **more)


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


RESULTS = [
    f"ocr/{TITLE}_{kind}/{number}.{kind}" for kind in ("txt", "xml") for number in range(1, NUMBER + 1)
]


def cancel_when(event: threading.Event, patch: pytest.MonkeyPatch) -> None:
    """Have the job cancelled at its first checkpoint after an event."""
    count = LocalContext.checkpoint

    def checkpoint(context: LocalContext) -> None:
        count(context)
        if event.is_set():
            raise JobCancelled

    patch.setattr(LocalContext, "checkpoint", checkpoint)


def lying_about(root: Path) -> list[str]:
    """What is left in the engine's folders, but for the plugin's own notes."""
    folders = [root / name for name in ("input", "output", "errors", "control", "work")]
    return [
        str(one.relative_to(root)) for folder in folders for one in folder.iterdir() if one.name[0] != "."
    ]


def test_tickets_go_to_the_engine_one_after_the_other_and_results_into_their_folders(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch)
    with watching(root) as engine:
        context = run(source, tmp_path / "out")
    assert [pictures for _, pictures in engine.taken] == [["1.tif", "2.tif"], ["3.tif", "4.tif"], ["5.tif"]]
    assert names(tmp_path / "out") == RESULTS
    assert (tmp_path / "out" / RESULTS[0]).read_text(encoding="utf-8") == "1"
    assert [record.name for record in context.records] == [f"{number}.tif" for number in range(1, NUMBER + 1)]
    assert context.progress_calls[-1][:2] == (NUMBER, NUMBER)
    assert lying_about(root) == []
    assert not [line for level, line in context.log.lines if level == "warning"]


def test_the_file_about_a_ticket_says_what_the_template_wants(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    also = tmp_path / "config_rate10.xml"
    also.write_text("<config/>", encoding="utf-8")
    text = '<ticket n="{ticket}" t="{process_title}" l="{language}" f="{font_type}">{files}</ticket>'
    about = {"place": "control", "text": text, "each": '<file name="{name}"/>'}
    template(
        tmp_path,
        monkeypatch,
        control=True,
        pictures_most=100,
        ticket_file=about,
        copied_along=[str(also)],
        input=f"{root}/{{font_type}}",
        language=["ger"],
    )
    said = []

    def read(engine: HotFolders, ticket: Path) -> None:
        said.append((engine.path("control") / f"{ticket.name}.xml").read_text(encoding="utf-8"))
        xml_and_text(engine, ticket)
        (engine.path("control") / f"{ticket.name}.done").touch()

    (source / 'a & "b".tif').write_bytes((source / "1.tif").read_bytes())
    with watching(root, read, "fraktur") as engine:
        run(source, tmp_path / "out", parameters={"font_type": "Fraktur"})
    assert engine.taken[0][1][-1] == "config_rate10.xml"
    assert said[0].startswith(f'<ticket n="{engine.taken[0][0]}" t="{TITLE}" l="ger" f="fraktur">')
    assert '<file name="a &amp; &quot;b&quot;.tif"/>' in said[0]


def test_an_error_of_the_engine_ends_the_job_with_its_words_and_the_next_try_begins_anew(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch)

    def fail(engine: HotFolders, ticket: Path) -> None:
        ticket.rename(engine.path("errors") / ticket.name)
        (engine.path("errors") / ticket.name / "why.txt").write_text("no licence left", encoding="utf-8")

    with watching(root, fail), pytest.raises(JobFailedError, match=r"reports an error .*: no licence left"):
        run(source, tmp_path / "out")
    assert [name for name in lying_about(root) if "/_seen_" not in name] == []
    with watching(root):
        run(source, tmp_path / "again")
    assert names(tmp_path / "again") == RESULTS


def partly(engine: HotFolders, ticket: Path) -> None:
    xml_and_text(engine, ticket)
    for one in (engine.path("output") / ticket.name).glob("[24].txt"):
        one.unlink()
    (engine.path("control") / f"{ticket.name}.done").touch()


def broken(engine: HotFolders, ticket: Path) -> None:
    xml_and_text(engine, ticket)
    for one in (engine.path("output") / ticket.name).glob("3.xml"):
        one.write_text("<page>", encoding="utf-8")
    (engine.path("control") / f"{ticket.name}.done").touch()


def foreign(engine: HotFolders, ticket: Path) -> None:
    xml_and_text(engine, ticket)
    (engine.path("output") / ticket.name / "77.txt").write_text("?", encoding="utf-8")
    (engine.path("control") / f"{ticket.name}.done").touch()


def twice(engine: HotFolders, ticket: Path) -> None:
    xml_and_text(engine, ticket)
    answer = engine.path("output") / ticket.name
    (answer / "more").mkdir()
    (answer / "more" / "1.txt").write_text("something else", encoding="utf-8")
    (engine.path("control") / f"{ticket.name}.done").touch()


def told(engine: HotFolders, ticket: Path) -> None:
    (engine.path("control") / f"{ticket.name}.error").write_text("out of pages", encoding="utf-8")


@pytest.mark.parametrize(
    ("answering", "said"),
    [
        (partly, r"without 1 of its results: 2\.txt"),
        (broken, r"3\.xml is not well-formed"),
        (foreign, r"answered with 77\.txt, which belongs to no picture"),
        (twice, r"answered twice with different files: 1\.txt and 1\.txt"),
        (told, r"reports an error .*: out of pages"),
    ],
)
def test_an_answer_that_is_not_right_is_refused(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: Any, said: str
) -> None:
    template(tmp_path, monkeypatch, control=True)
    with watching(root, answering), pytest.raises(JobFailedError, match=said):
        run(source, tmp_path / "out")
    assert list((root / "input").iterdir()) == []
    template(tmp_path, monkeypatch)
    with watching(root):  # the same job, tried again when the engine is right
        run(source, tmp_path / "again")
    assert names(tmp_path / "again") == RESULTS


def test_the_same_answer_twice_is_one_answer(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch)

    def repeated(engine: HotFolders, ticket: Path) -> None:
        xml_and_text(engine, ticket)
        answer = engine.path("output") / ticket.name
        shutil.copytree(answer, answer / "again")

    with watching(root, repeated):
        run(source, tmp_path / "out")
    assert names(tmp_path / "out") == RESULTS


def test_an_answer_that_comes_again_afterwards_is_removed_by_the_next_job(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch)
    with watching(root) as engine:
        run(source, tmp_path / "out")
        late = root / "output" / engine.taken[0][0]
        late.mkdir()
        (late / "1.txt").write_text("again", encoding="utf-8")
        (source / "1.tif").write_bytes((source / "2.tif").read_bytes())
        context = run(source, tmp_path / "next")
    assert any("had answered again" in line for _, line in context.log.lines)
    assert lying_about(root) == []


def test_a_silent_engine_is_given_up_and_what_it_did_not_take_is_taken_back(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, silent_seconds=0.1)
    with pytest.raises(TemporaryError, match="has not done anything for"):
        run(source, tmp_path / "out")
    assert lying_about(root) == []


def test_a_full_input_folder_gets_no_more(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, silent_seconds=0.1, waiting_most=1)
    (root / "input" / "of somebody else").mkdir()
    with pytest.raises(TemporaryError, match=r"no room .*: 1 tickets wait in it, the most are 1"):
        run(source, tmp_path / "out")
    assert lying_about(root) == ["input/of somebody else"]


def test_a_share_that_is_not_mounted_is_tried_again_later(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch)
    (root / "output").rmdir()
    with pytest.raises(TemporaryError, match="is not there: is it mounted"):
        run(source, tmp_path / "out")


def test_cancel_takes_back_what_was_not_begun(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, at_once=3)
    with pytest.raises(CancelledInTestError):
        run(source, tmp_path / "out", cancel_at=40)
    assert lying_about(root) == []


def test_an_attempt_that_begins_anew_goes_on_with_what_the_engine_has(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt ends while the engine is at the first ticket; its answer is not asked for again."""
    template(tmp_path, monkeypatch)
    engine = HotFolders(root, xml_and_text)

    def slow(running: HotFolders, ticket: Path) -> None:
        ticket.rename(running.root / "slow")
        running.asleep.set()

    with watching(root, slow) as running, monkeypatch.context() as patch:
        cancel_when(running.asleep, patch)
        with pytest.raises(JobCancelled):
            run(source, tmp_path / "out")
    (begun, _), *others = running.taken
    assert others == []
    assert list((root / "input").iterdir()) == []
    (root / "slow").rename(root / "work" / begun)
    xml_and_text(engine, root / "work" / begun)
    shutil.rmtree(root / "work" / begun)
    with watching(root) as running:
        run(source, tmp_path / "again")
    assert begun not in [name for name, _ in running.taken]
    assert len(running.taken) == 2
    assert names(tmp_path / "again") == RESULTS


def test_half_a_ticket_of_an_attempt_that_died_is_written_again(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, pictures_most=100)
    with watching(root) as engine:
        run(source, tmp_path / "out")
    (ticket, pictures), *_ = engine.taken
    half = root / "input" / f"_temp_{ticket}"
    half.mkdir()
    (half / "1.tif").write_bytes(b"half")
    with watching(root) as engine:
        run(source, tmp_path / "again")
    assert engine.taken == [(ticket, pictures)]
    assert names(tmp_path / "again") == RESULTS


def test_pictures_of_an_engine_are_decoded_and_compared_with_their_sources(
    source: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template(tmp_path, monkeypatch, results={".jp2": "images/{process_title}_media"})

    def convert(engine: HotFolders, ticket: Path) -> None:
        answer = engine.path("output") / ticket.name
        answer.mkdir()
        for picture in ticket.glob("*.tif"):
            with Image.open(picture) as opened:
                opened.save(answer / f"{picture.stem}.JP2")

    def shrink(engine: HotFolders, ticket: Path) -> None:
        convert(engine, ticket)
        for picture in (engine.path("output") / ticket.name).glob("2.JP2"):
            page("L", (30, 40)).save(picture)

    def cut(engine: HotFolders, ticket: Path) -> None:
        convert(engine, ticket)
        for picture in (engine.path("output") / ticket.name).glob("2.JP2"):
            picture.write_bytes(picture.read_bytes()[:-200])

    with watching(root, convert):
        run(source, tmp_path / "out")
    assert names(tmp_path / "out") == [
        f"images/{TITLE}_media/{number}.jp2" for number in range(1, NUMBER + 1)
    ]
    (source / "1.tif").write_bytes((source / "5.tif").read_bytes())
    with watching(root, shrink), pytest.raises(JobFailedError, match=r"2\.jp2 has 30 x 40 pixels"):
        run(source, tmp_path / "shrunk")
    (source / "1.tif").write_bytes((source / "4.tif").read_bytes())
    with watching(root, cut), pytest.raises(JobFailedError, match=r"^2\.jp2: "):
        run(source, tmp_path / "cut")

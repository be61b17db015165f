"""Tickets for an engine, without one: how pictures are divided, and what a look at the folders means."""

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager_plugin_runner.plugins.dropfolder import DropFolderPlugin, filling, looking, results, tickets
from taskmanager_plugin_runner.plugins.dropfolder.engine import Engine
from taskmanager_plugin_runner.plugins.dropfolder.looking import Seen, Step
from taskmanager_plugin_runner.plugins.dropfolder.notes import Notes, State
from taskmanager_plugin_runner.plugins.dropfolder.parameters import DropFolderParameters
from taskmanager_plugin_runner.plugins.dropfolder.profile import Profile
from taskmanager_plugin_runner.plugins.dropfolder.tickets import Picture
from taskmanager_testing.plugins import LocalContext

TEMPLATE = {
    "title": "x",
    "input": "/e/in",
    "output": "/e/out",
    "results": {".xml": "ocr/{process_title}_xml"},
}


def pictures(*sizes: int) -> list[Picture]:
    return [Picture(Path(f"{number}.tif"), size, "s") for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "divided"),
    [
        ((), []),
        ((1, 1, 1), [2, 1]),
        ((4, 4, 4), [2, 1]),
        ((4, 7, 1, 1), [1, 2, 1]),
        ((99, 1), [1, 1]),
        ((1, 99, 99, 1), [1, 1, 1, 1]),
    ],
)
def test_tickets_hold_so_many_pictures_and_bytes_at_most(sizes: tuple[int, ...], divided: list[int]) -> None:
    found = tickets.divide(pictures(*sizes), "job", "title", 2, 10)
    assert [len(ticket.pictures) for ticket in found] == divided
    assert [one for ticket in found for one in ticket.pictures] == pictures(*sizes)


@given(sizes=st.lists(st.integers(0, 30), max_size=30), most=st.integers(1, 5), bytes_most=st.integers(1, 40))
def test_no_picture_is_lost_or_in_two_tickets(sizes: list[int], most: int, bytes_most: int) -> None:
    found = tickets.divide(pictures(*sizes), "job", "title", most, bytes_most)
    assert [one for ticket in found for one in ticket.pictures] == pictures(*sizes)
    assert all(0 < len(ticket.pictures) <= most for ticket in found)
    assert all(ticket.size <= bytes_most or len(ticket.pictures) == 1 for ticket in found)
    assert len({ticket.name for ticket in found}) == len(found)


def test_the_name_of_a_ticket_is_that_of_the_job_and_of_what_is_in_it() -> None:
    def name(job: str = "job", title: str = "Zoologia: media/1", **changed: Any) -> str:
        one = Picture(**{"path": Path("1.tif"), "size": 1, "sample": "s", **changed})
        return tickets.divide([one], job, title, 9, 9)[0].name

    assert name() == name()
    assert len({name(), name(job="other"), name(size=2), name(sample="t"), name(path=Path("2.tif"))}) == 5
    assert name().startswith("Zoologia_media_1_")
    assert name(title="../..").startswith("job_")


def test_a_sample_tells_versions_of_a_file_apart(tmp_path: Path) -> None:
    file, body = tmp_path / "1.tif", bytearray(200_000)
    file.write_bytes(body)
    first = tickets.picture(file)
    body[-1] = 1
    file.write_bytes(body)
    assert tickets.picture(file).sample != first.sample


ANSWER = {"1.xml": 5}


@pytest.mark.parametrize(
    ("seen", "missing", "settled", "step"),
    [
        (Seen(), ["1.xml"], True, Step.HAND_OVER),
        (Seen(unfinished=True, handed_over=True), ["1.xml"], True, Step.HAND_OVER),
        (Seen(handed_over=True, in_input=True), ["1.xml"], True, Step.WAIT),
        (Seen(in_input=True), ["1.xml"], True, Step.WAIT),
        (Seen(handed_over=True), ["1.xml"], True, Step.WAIT),
        (Seen(handed_over=True, answer=ANSWER), ["2.xml"], True, Step.WAIT),
        (Seen(handed_over=True, answer=ANSWER), [], False, Step.WAIT),
        (Seen(handed_over=True, answer=ANSWER), [], True, Step.FETCH),
        (Seen(answer=ANSWER), [], True, Step.FETCH),
        (Seen(handed_over=True, done=False, answer=ANSWER), [], True, Step.WAIT),
        (Seen(handed_over=True, done=True, answer=ANSWER), [], False, Step.FETCH),
        (Seen(handed_over=True, done=True, answer=ANSWER), ["2.xml"], False, Step.WAIT),
        (Seen(handed_over=True, done=True, answer=ANSWER), ["2.xml"], True, Step.GIVE_UP),
        (Seen(handed_over=True, failed=""), [], False, Step.FAIL),
        (Seen(handed_over=True, failed="why", done=True, answer=ANSWER), [], True, Step.FAIL),
    ],
)
def test_what_is_seen_decides_what_is_next(seen: Seen, missing: list[str], settled: bool, step: Step) -> None:
    assert looking.next_step(seen, missing, settled=settled) is step


def test_answers_are_sorted_by_the_longest_suffix_in_any_case() -> None:
    found = looking.sort_out(["a/1.XML", "1.alto.xml", "2.xml", ".2.xml", "log"], [".xml", ".alto.xml"])
    assert found.results == {
        ("1", ".xml"): ("a/1.XML",),
        ("1", ".alto.xml"): ("1.alto.xml",),
        ("2", ".xml"): ("2.xml",),
    }
    assert found.others == (".2.xml", "log")
    assert found.missing(["1", "2"], [".xml", ".alto.xml"]) == ["2.alto.xml"]
    with pytest.raises(
        JobFailedError, match=r"answered with 2\.xml, which belongs to no picture of the ticket t"
    ):
        looking.require_asked(found, {"1"}, "t")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    for name in ("in", "out", "err", "control"):
        (tmp_path / name).mkdir()
    values = {
        **TEMPLATE,
        "input": f"{tmp_path}/in",
        "output": f"{tmp_path}/out",
        "errors": f"{tmp_path}/err",
        "control": f"{tmp_path}/control",
    }
    return Engine(Profile.model_validate(values), {}, lambda: None)


def test_a_look_finds_everything_that_is_known_of_a_ticket(engine: Engine, tmp_path: Path) -> None:
    assert engine.look("t") == Seen(done=False)
    engine.notes.write("t", State.HANDED_OVER)
    (tmp_path / "in" / "t").mkdir()
    assert engine.look("t") == Seen(handed_over=True, in_input=True, done=False)
    (tmp_path / "out" / "t" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "t" / "deep" / "1.xml").write_bytes(b"12345")
    (tmp_path / "out" / "t" / "link.xml").symlink_to("/etc/passwd")
    (tmp_path / "control" / "t.done").touch()
    (tmp_path / "err" / "t").mkdir()
    (tmp_path / "err" / "t" / "x.log").write_text(" why \n", encoding="utf-8")
    seen = engine.look("t")
    assert (seen.done, seen.failed, seen.answer) == (True, "why", {"deep/1.xml": 5})


def test_a_ticket_that_was_begun_stays_and_another_is_taken_back(engine: Engine, tmp_path: Path) -> None:
    for name in ("begun", "waiting"):
        (tmp_path / "in" / name).mkdir()
        engine.notes.write(name, State.HANDED_OVER)
    (tmp_path / "control" / "begun.started").touch()
    assert [engine.take_back(name) for name in ("begun", "waiting", "gone")] == [False, True, False]
    assert [one.name for one in (tmp_path / "in").iterdir()] == ["begun"]
    assert engine.notes.read("begun") is State.HANDED_OVER
    assert engine.notes.read("waiting") is None


def test_what_is_reported_is_put_aside_so_that_the_ticket_may_be_tried_again(
    engine: Engine, tmp_path: Path
) -> None:
    for _ in range(2):
        (tmp_path / "err" / "t").mkdir()
        (tmp_path / "control" / "t.error").write_text("why", encoding="utf-8")
        assert engine.look("t").failed == "why"
        (tmp_path / "out" / "t").mkdir()
        (tmp_path / "out" / "t" / "1.xml").touch()
        engine.put_aside("t")
        assert engine.look("t") == Seen(done=False)
    for folder in ("err", "out"):
        there = [one.name for one in (tmp_path / folder).iterdir() if one.name != ".taskmanager"]
        assert there == ["_seen_t"]


def test_notes_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.write("t", State.LEFT)
    assert [(name, state) for name, state, _ in notes.tickets()] == [("t", State.LEFT)]
    next((tmp_path / ".taskmanager").glob("*.json")).write_text("{", encoding="utf-8")
    assert notes.read("t") is None
    notes.forget("t")
    assert list(notes.tickets()) == []


def test_values_in_the_file_about_a_ticket_cannot_become_markup() -> None:
    about = {"text": '<t a="{process_title}">{language}{files}</t>', "each": "<f n='{name}'/>"}
    profile = Profile.model_validate({**TEMPLATE, "ticket_file": about, "languages": {"ger": "German"}})
    goobi = GoobiReference(process_id=1, process_title='"><x y="')
    spec = JobSpec(plugin="dropfolder", goobi=goobi)
    context = LocalContext(spec, None, None, Path(), Path())
    one = Picture(Path("a'/><g/><f n='.tif"), 1, "s")
    ticket = tickets.divide([one], "job", "t", 9, 9)[0]
    places = filling.folder_places(profile, DropFolderParameters(language=("ger", "lat")))
    extra = filling.extra_of(profile, ticket, context, places)
    assert extra is not None
    root = ET.fromstring(extra.text)  # noqa: S314 - made here
    assert (root.get("a"), root.text, len(root)) == ('"><x y="', "German,lat", 1)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("1.xml", b"", "is empty"),
        ("1.xml", b"<a>", "not well-formed"),
        ("1.pdf", b"%PDF-1.7 cut", "no complete PDF"),
        ("1.pdf", b"%PDF-1.7\n%%EOF\n", None),
        ("1.txt", b"", None),
        ("1.hocr", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", None),
    ],
)
def test_results_are_looked_into(tmp_path: Path, name: str, body: bytes, said: str | None) -> None:
    fetching = results.Fetching({}, None)  # type: ignore[arg-type] # no picture among them
    (tmp_path / name).write_bytes(body)
    outcome = pytest.raises(JobFailedError, match=said) if said else contextlib.nullcontext()
    with outcome:
        fetching.look_into(tmp_path / name)


def test_a_result_that_grows_while_it_is_fetched_is_not_taken(tmp_path: Path) -> None:
    fetching = results.Fetching({".txt": tmp_path / "out"}, None)  # type: ignore[arg-type] # no picture among them
    (tmp_path / "1.txt").write_bytes(b"12345")
    found = looking.sort_out(["1.txt"], [".txt"])
    with pytest.raises(results.StillWritingError):
        fetching.fetch(tmp_path, found, {"1.txt": 4}, lambda: None)
    assert fetching.fetch(tmp_path, found, {"1.txt": 5}, lambda: None) == {"1": [tmp_path / "out" / "1.txt"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": "relative"},
        {"input": "/e/../x"},
        {"input": "/e/{process_title}"},
        {"output": "/e/in"},
        {"results": {}},
        {"results": {".xml": "/absolute"}},
        {"results": {".xml": "../up"}},
        {"results": {"xml": "x"}},
        {"optional": [".txt"]},
        {"ticket_file": {"text": "x", "place": "control"}},
        {"ticket_file": {"text": "x", "name": "../x"}},
        {"pictures_most": 0},
    ],
)
def test_a_wrong_template_is_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Profile.model_validate({**TEMPLATE, **wrong})


def test_the_plugin_declares_that_it_acts_outside_and_says_if_it_knows_no_engine(tmp_path: Path) -> None:
    manifest = DropFolderPlugin().manifest
    assert (manifest.job_type, manifest.outside_effects, manifest.templates) == ("DROPFOLDER", True, ())
    context = LocalContext(JobSpec(plugin="dropfolder"), None, None, tmp_path, tmp_path)
    with pytest.raises(JobFailedError, match="names no template for an engine; known: -"):
        DropFolderPlugin().run(context)


def test_an_error_of_the_share_is_told_from_others(engine: Engine, tmp_path: Path) -> None:
    for path, owned in ((tmp_path / "in" / "x" / "y", True), (tmp_path / "elsewhere" / "y", False)):
        with pytest.raises(FileNotFoundError) as caught:
            os.listdir(path)
        assert engine.owns(caught.value) is owned
    assert engine.owns(OSError(errno.ESTALE, "stale file handle"))
    assert not engine.owns(OSError(errno.EBADF, "a defect"))

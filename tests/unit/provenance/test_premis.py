"""An account of a job becomes PREMIS and JSON that programs other than ours understand."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.provenance.documents import PREMIS, digests, texts, valid

from taskmanager_plugin_runner.provenance.account import Account, FileAccount, Tool, ToolKind
from taskmanager_plugin_runner.provenance.digests import Content, content_of
from taskmanager_plugin_runner.provenance.event_types import event_type
from taskmanager_plugin_runner.provenance.formats import media_type
from taskmanager_plugin_runner.provenance.origins import origins
from taskmanager_plugin_runner.provenance.places import record_name
from taskmanager_plugin_runner.provenance.premis import as_premis
from taskmanager_plugin_runner.provenance.software import libraries, program

JOB = "0195e4a0-0000-7000-8000-000000000001"
AT = datetime(2026, 11, 28, 21, 24, 1, 123_456, tzinfo=UTC)


def file(name: str, text: str, *made_from: str) -> FileAccount:
    digest = hashlib.sha512(text.encode()).hexdigest()
    return FileAccount(name, Content(len(text), digest, "image/tiff"), made_from)


ACCOUNT = Account(
    job=JOB,
    attempt=2,
    at=AT,
    runner="host-jp2",
    host="host",
    software_version="1.0",
    plugin="jp2",
    plugin_version="1.1",
    template="lossless",
    parameters={"existing": "keep"},
    title="zoologia",
    event=event_type("jp2", "lossless"),
    read=(file("images/master/1.tif", "one"), file("images/master/2.tif", "two")),
    written=(
        file("images/media/1.jp2", "jp2 one", "images/master/1.tif"),
        file("images/media/2.jp2", "jp2 two", "images/master/2.tif"),
    ),
    tools=(Tool(ToolKind.PROGRAM, "opj_compress", "2.5.0"), Tool(ToolKind.LIBRARY, "pyvips", "3.2.0")),
    trace="4bf92f3577b34da6a3ce929d0e0e4736",
    goobi={"process_id": 17},
)


def test_the_record_keeps_to_the_standard_and_names_every_file_with_its_digest() -> None:
    root = valid(as_premis(ACCOUNT))
    assert digests(root) == {one.name: one.content.sha512 for one in (*ACCOUNT.read, *ACCOUNT.written)}
    assert texts(root, "object//size") == ["3", "3", "7", "7"]


def test_objects_event_and_agents_name_each_other() -> None:
    root = valid(as_premis(ACCOUNT))
    event = texts(root, "event/eventIdentifier/eventIdentifierValue")
    objects = texts(root, "object/objectIdentifier/objectIdentifierValue")
    agents = texts(root, "agent/agentIdentifier/agentIdentifierValue")
    assert set(texts(root, "object/linkingEventIdentifier/linkingEventIdentifierValue")) == set(event)
    assert set(texts(root, "agent/linkingEventIdentifier/linkingEventIdentifierValue")) == set(event)
    assert texts(root, "event/linkingObjectIdentifier/linkingObjectIdentifierValue") == objects
    assert texts(root, "event/linkingAgentIdentifier/linkingAgentIdentifierValue") == agents
    assert (
        texts(root, "object/relationship/relatedObjectIdentifier/relatedObjectIdentifierValue") == objects[:2]
    )
    assert len(set(objects + event + agents)) == 4 + 1 + 4


def test_the_event_says_what_was_done_with_what() -> None:
    root = valid(as_premis(ACCOUNT))
    kind = root.find("p:event/p:eventType", PREMIS)
    assert kind is not None
    assert (kind.text, kind.get("valueURI")) == (
        "migration",
        "http://id.loc.gov/vocabulary/preservation/eventType/mig",
    )
    assert texts(root, "event/eventDateTime") == ["2026-11-28T21:24:01.123456+00:00"]
    assert texts(root, "event//eventDetail") == [
        'program="taskmanager jp2"; version="1.1"; template="lossless"; parameters="{"existing": "keep"}"'
    ]
    assert texts(root, "agent/agentName")[2:] == ["opj_compress", "pyvips"]
    assert texts(root, "agent/agentVersion") == ["1.0", "1.1", "2.5.0", "3.2.0"]


def test_a_name_with_any_bytes_is_told_as_well_as_xml_can() -> None:
    odd = b"p\xe9ge \x01.tif".decode("utf-8", "surrogateescape")
    root = valid(as_premis(replace(ACCOUNT, read=(file(odd, "x"),))))
    assert texts(root, "object/originalName")[0] == "p\\udce9ge \ufffd.tif"
    assert json.loads(replace(ACCOUNT, read=(file(odd, "x"),)).as_json())["read"][0]["name"] == odd


def test_the_json_record_says_the_same() -> None:
    told = json.loads(ACCOUNT.as_json())
    root = valid(as_premis(ACCOUNT))
    assert {one["name"]: one["sha512"] for one in told["read"] + told["written"]} == digests(root)
    assert [one["id"] for one in told["read"] + told["written"]] == texts(
        root, "object/objectIdentifier/objectIdentifierValue"
    )
    assert (told["job"], told["attempt"], told["runner"]["id"], told["trace"]) == (
        JOB,
        2,
        "host-jp2",
        "4bf92f3577b34da6a3ce929d0e0e4736",
    )
    assert told["written"][0]["made_from"] == ["images/master/1.tif"]
    assert told["tools"][0] == {"kind": "program", "name": "opj_compress", "version": "2.5.0"}


@pytest.mark.parametrize(
    ("plugin", "template", "code"),
    [
        ("jp2", "lossless", "mig"),
        ("tiffvalidation", None, "val"),
        ("checksums", "list", "mes"),
        ("checksums", "verify", "fix"),
        ("checksums", "bag", "pac"),
        ("anybody's", None, "cre"),
    ],
)
def test_each_kind_of_job_is_a_term_of_the_vocabulary(plugin: str, template: str | None, code: str) -> None:
    assert event_type(plugin, template).uri.endswith(f"/eventType/{code}")


def test_results_come_from_what_the_plugin_said_else_from_their_names_else_from_everything() -> None:
    sources = ["m/1.tif", "m/2.tif", "meta.xml"]
    made = origins(sources, ["1.jp2", "x/2.jpg", "book.pdf"], {"1.tif": ["1.jp2"], "gone.tif": ["x/2.jpg"]})
    assert made == {"1.jp2": ("m/1.tif",), "x/2.jpg": ("m/2.tif",), "book.pdf": tuple(sources)}


def test_many_results_of_nothing_known_are_left_to_the_event() -> None:
    results = [f"extra {number}" for number in range(6)]
    assert origins(["1.tif"], results, {}) == dict.fromkeys(results, ())


def test_a_name_that_several_folders_have_is_no_answer() -> None:
    assert origins(["a/1.tif", "b/1.tif"], ["1.jp2"], {"1.tif": ["1.jp2"]}) == {
        "1.jp2": ("a/1.tif", "b/1.tif")
    }


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"II*\0\x08", "image/tiff"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "image/jp2"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjph ", "image/jph"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "application/xml"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/vnd.wave"),
        ("täglich".encode() + b"\xc3", "text/plain"),
        (b"\0\1\2\3", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_files_are_known_by_how_they_begin(head: bytes, kind: str) -> None:
    assert media_type(head) == kind


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    body = b"%PDF-1.7\n" + bytes(3_000_000)
    path = tmp_path / "a"
    path.write_bytes(body)
    with path.open("rb") as opened:
        assert content_of(opened) == (len(body), hashlib.sha512(body).hexdigest(), "application/pdf")


def test_the_folder_has_time_and_template_in_a_name_that_every_file_system_takes() -> None:
    assert record_name(AT, "jp2", "loss less/ä") == "20261128T212401.123Z_loss-less--"
    assert record_name(AT, "tally", None) == "20261128T212401.123Z_tally"


def test_programs_and_libraries_say_their_versions() -> None:
    assert program("sha512sum").version.startswith("sha512sum (GNU coreutils)")
    assert program("no-such-program").version == "unknown"
    assert "lxml" in {tool.name for tool in libraries("mets")}
    assert libraries("no-such-plugin") == ()

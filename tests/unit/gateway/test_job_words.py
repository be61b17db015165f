"""Words within sentences about jobs: kinds of files, colours and the like are said in German as well."""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import taskmanager
import taskmanager_plugin_runner
from taskmanager.errors import JobFailedError, TaskManagerError
from taskmanager.goobi.installations import Installation
from taskmanager.model.reasons import Reason
from taskmanager.model.reasons.coded_text import CodedText, reason_of, told
from taskmanager.model.reasons.job_texts import file_texts, list_texts, tool_texts
from taskmanager.plugin_api.existing_results import NAMES_SHOWN, listed
from taskmanager_gateway.web.shell.formats import Formats, zone_of
from taskmanager_gateway.web.shell.sentences import Sentences
from taskmanager_plugin_runner.files.sources import odd_entries
from taskmanager_plugin_runner.plugins.pictures import comparing, rules
from taskmanager_plugin_runner.plugins.pictures.facts import Alpha, Colour, PictureFacts, SampleFormat
from taskmanager_plugin_runner.transport.goobi_files_api import FilesApi

from .conftest import Gateway

GERMAN = Sentences(Formats("de", zone_of("Europe/Berlin")))
FACTS = PictureFacts(format="tiff", stored=(10, 20), colour=Colour.GREY, samples=1, bits=8)


def german(text: str) -> str:
    """As a page says it after the text was stored as its message and its reason."""
    reason = reason_of(text)
    assert reason is not None
    return GERMAN(Reason.model_validate_json(reason.model_dump_json()))


def difference(**fields: Any) -> str:
    with pytest.raises(JobFailedError) as caught:
        comparing.require_same_facts(replace(FACTS, **fields), FACTS)
    return told(caught.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"colour": Colour.RGB}, "Farbe: RGB statt Graustufen"),
        ({"sample_format": SampleFormat.FLOAT}, "Sample-Format: Gleitkommazahlen statt vorzeichenlos"),
        ({"alpha": Alpha.ASSOCIATED}, "Alpha: vormultipliziert statt keine"),
        (
            {"stored": (11, 20), "icc": b"x", "dots_per_inch": (300, 300)},
            "Pixel in der Breite: 11 statt 10; das Farbprofil; Auflösung: (300, 300) statt keine",
        ),
    ],
)
def test_what_differs_between_pictures(fields: dict[str, Any], said: str) -> None:
    assert german(difference(**fields)) == f"das Ergebnis ist nicht, was es sein soll ({said})"


def test_the_kind_of_samples() -> None:
    obstacle = rules.lossless_obstacle(replace(FACTS, sample_format=SampleFormat.SIGNED))
    assert obstacle is not None
    assert german(obstacle).startswith("seine Samples sind vorzeichenbehaftet;")


def test_the_kinds_of_files_that_are_left_out(tmp_path: Path) -> None:
    for name in ("b.tif", "a.tif"):
        os.mkfifo(tmp_path / name)
    text = file_texts.ODD_LEFT_OUT(names=listed(odd_entries(tmp_path)))
    assert text.endswith("a.tif (a named pipe), b.tif (a named pipe)")
    assert german(text).endswith("a.tif (eine benannte Pipe), b.tif (eine benannte Pipe)")


def test_names_alone_stay_a_plain_text() -> None:
    assert listed([]) == ""
    names = [f"{number:03}.tif" for number in range(NAMES_SHOWN + 1)]
    assert type(listed(names)) is str
    assert listed(names) == ", ".join([*names[:NAMES_SHOWN], "..."])


def test_the_rights_that_were_lost() -> None:
    lost = list_texts.joined(list_texts.COMMA, [file_texts.GROUP(number=5), file_texts.ACCESS_LIST()])
    files = [file_texts.OF_FILE(name=name, error=lost) for name in ("a", "b")]
    text = file_texts.RIGHTS_NOT_KEPT(number=2, problems=list_texts.joined(list_texts.SEMICOLON, files))
    assert text.endswith("a: group 5, access control list; b: group 5, access control list")
    assert german(text).endswith("a: Gruppe 5, Zugriffsliste; b: Gruppe 5, Zugriffsliste")


def test_where_a_file_of_goobi_is() -> None:
    installation = Installation.model_validate({"dialect": "core", "url": "http://goobi.example.org/goobi"})
    api = FilesApi(installation, 17, "media", httpx.MockTransport(lambda _: httpx.Response(403)))
    with pytest.raises(TaskManagerError) as caught:
        api.read("a.txt")
    text = told(caught.value)
    assert text.startswith("Goobi refuses a.txt in folder 'media' of Goobi's process 17 (403)")
    assert german(text).startswith("Goobi verweigert a.txt in Ordner 'media' von Goobis Vorgang 17 (403)")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (timedelta(seconds=1.5), "1.5 s"),
        (timedelta(minutes=10), "0:10:00"),
        (timedelta(days=1, minutes=2), "24:02:00"),
    ],
)
def test_a_time_limit_has_no_words(limit: timedelta, said: str) -> None:
    text = tool_texts.TIME_LIMIT(program="magick", limit=limit)
    assert text == f"magick was stopped after {said}, its time limit"


async def test_the_values_that_a_field_may_have(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/v1/operations", json={"action": "jump", "filter": {}})
    error = next(one for one in answer.json()["errors"] if one["field"] == "action")
    assert " or " in error["message"]
    said = GERMAN(Reason(code=error["code"], parameters=error["parameters"]))
    assert said == "erlaubt ist: " + error["message"].removeprefix("input should be ").replace(
        " or ", " oder "
    )


def words_of_calls() -> Iterator[str]:
    """Words written in the code as, or within, a parameter of the text of a job."""
    for package in (taskmanager, taskmanager_plugin_runner):
        for path in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and re.match(r"\w+_texts\.[A-Z_]+$", ast.unparse(node.func)):
                    for keyword in node.keywords:
                        yield from (f"{path.name}:{node.lineno} {word}" for word in written(keyword.value))


def written(value: ast.expr) -> Iterator[str]:
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.search(r"\w", part.value):
            yield part.value


def test_no_parameter_is_a_word_of_the_code() -> None:
    """Words for people have codes of their own; programs and formats are called the same everywhere."""
    assert [one.partition(" ")[2] for one in words_of_calls()] == ["ocr_page", "opj_compress"]


def test_a_coded_text_in_a_row_stays_coded() -> None:
    row = list_texts.joined(list_texts.SEMICOLON, ["a", file_texts.ACCESS_LIST(), "b"])
    assert isinstance(row, CodedText)
    assert row == "a; access control list; b"

"""Errors and warnings of jobs in the reader's language, from our plugins, others and earlier versions."""

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

import taskmanager
import taskmanager_plugin_runner
from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState, HistoryEntry, Job, JobError, Warnings
from taskmanager.model.manifest import PluginText
from taskmanager.model.reasons import Reason, history
from taskmanager.model.reasons.coded_text import CodedText, TextCode, reason_of, told, without
from taskmanager.model.reasons.job_texts import (
    attempt_texts,
    file_texts,
    goobi_texts,
    path_texts,
    picture_texts,
    tool_texts,
)
from taskmanager.model.registry import AuditEntry, StoredFile
from taskmanager.model.states import Status
from taskmanager.plugin_api import PluginTexts
from taskmanager.plugin_api.file_records import bounded, lines_of
from taskmanager_gateway.codes import english
from taskmanager_plugin_runner.failures import MESSAGE_CHARACTERS, job_error

from .conftest import MOMENT, Gateway, installed, job

MODULES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (attempt_texts, file_texts, goobi_texts, path_texts, picture_texts, tool_texts)
}
ONE = job(1).id
GERMAN = {"accept": "text/html", "accept-language": "de"}
OCR = PluginTexts("noop")
NO_PAGE = OCR.code(
    "no_page", "%(folder)s holds no page, 100%% sure", de="%(folder)s enthält keine Seite, 100%% sicher"
)
ENGLISH_ONLY = OCR.code("english_only", "nothing in %(folder)s")


def failed(error: JobError, **fields: Any) -> Job:
    entry = HistoryEntry(at=MOMENT, status=Status.ERROR, attempt=1, what=history.FAILED(error=error.cause))
    ended = {"status": Status.ERROR, "finished": MOMENT, "attempt": 1, "history": (entry,)}
    return job(1, **{**ended, "error": error, **fields})


async def german(gateway: Gateway, address: str) -> str:
    answer = await gateway.client.get(address, headers=GERMAN)
    assert answer.status_code == 200, answer.text
    return answer.text


def of(text: str) -> JobError:
    """As a runner reports it, without the traceback, which is English."""
    return job_error(JobFailedError(text)).model_copy(update={"traceback": None})


async def test_an_error_is_said_in_german_wherever_it_is_shown_and_in_english_to_programs(
    gateway: Gateway,
) -> None:
    text = file_texts.OF_FILE(name="0001.tif", error=picture_texts.EMPTY())
    gateway.reader.put(
        failed(of(text), warnings=1, warning_texts=(str(text),), warning_reasons=(text.reason,))
    )
    for address in (
        f"/jobs/{ONE}",
        f"/ui/jobs/{ONE}/error",
        f"/jobs/{ONE}/error.txt",
        "/plugins/noop?tab=error",
    ):
        shown = await german(gateway, address)
        assert "0001.tif: sie ist leer" in shown, address
        assert "it is empty" not in shown, address
    told = (await gateway.client.get(f"/api/v1/jobs/{ONE}")).json()
    assert told["error"]["message"] == "0001.tif: it is empty"
    assert told["error"]["reason"]["parameters"]["error"] == {"code": "picture.empty", "parameters": {}}
    assert told["warning_texts"] == ["0001.tif: it is empty"]
    assert [reason["code"] for reason in told["warning_reasons"]] == ["file.of_file"]


async def test_the_record_of_a_file_is_said_in_german(gateway: Gateway) -> None:
    file = FileRecord(
        name="1.gif",
        state=FileState.FAILED,
        warnings=("plain words", picture_texts.FIRST_OF_PICTURES(number=3)),
        error=picture_texts.EMPTY(),
    )
    kept = FileRecord.model_validate(bounded(file).model_dump(mode="json"))
    gateway.reader.put(job(1, status=Status.DONE, finished=MOMENT, attempt=1))
    gateway.reader.recorded = [StoredFile(job=ONE, attempt=1, number=1, at=MOMENT, file=kept)]
    shown = await german(gateway, f"/ui/jobs/{ONE}/files")
    for text in ("plain words", "nur das erste seiner 3 Bilder", "sie ist leer"):
        assert text in shown
    (told,) = (await gateway.client.get(f"/api/v1/jobs/{ONE}/files")).json()["files"]
    assert told["warnings"] == ["plain words", "only the first of its 3 pictures is taken"]
    assert [reason and reason["code"] for reason in told["warning_reasons"]] == [
        None,
        "picture.first_of_pictures",
    ]


def test_the_lines_of_a_log_know_the_codes_of_a_record() -> None:
    file = FileRecord(name="1.gif", state=FileState.DONE, warnings=(picture_texts.EMPTY(), "plain"))
    warnings = [text for level, text in lines_of(file) if level == "warning"]
    assert warnings == ["1.gif: it is empty", "1.gif: plain"]
    assert [english(reason) for text in warnings if (reason := reason_of(text))] == warnings[:1]


async def test_a_plugin_of_its_own_package_brings_its_sentences(gateway: Gateway) -> None:
    gateway.reader.install(installed("noop", texts=OCR.sentences))
    await gateway.services.catalogue.run_once()
    gateway.reader.put(failed(of(NO_PAGE(folder="/a"))))
    page = await german(gateway, f"/jobs/{ONE}")
    assert page.count("/a enthält keine Seite, 100% sicher") > 1  # its error and its history
    gateway.reader.put(failed(of(ENGLISH_ONLY(folder="/a"))))
    assert "nothing in /a" in await german(gateway, f"/jobs/{ONE}")


async def test_what_a_plugin_said_that_is_gone_is_shown_in_its_own_words(gateway: Gateway) -> None:
    gateway.reader.put(failed(of(NO_PAGE(folder="/a"))))
    page = await german(gateway, f"/jobs/{ONE}")
    assert page.count("/a holds no page, 100% sure") > 1


async def test_what_earlier_versions_stored_as_prose_is_shown_as_it_is(gateway: Gateway) -> None:
    stored: dict[str, Any] = failed(of(picture_texts.EMPTY())).model_dump(mode="json")
    stored["error"] = {"message": "the source is odd", "kind": "JobFailedError", "traceback": None}
    stored["history"] = [{"at": stored["finished"], "status": "ERROR", "attempt": 1, "note": "gone wrong"}]
    stored |= {"warnings": 1, "warning_texts": ["an old warning"]}
    stored.pop("warning_reasons", None)
    gateway.reader.put(Job.model_validate(stored))
    for address in (f"/jobs/{ONE}", f"/ui/jobs/{ONE}"):
        shown = await german(gateway, address)
        for text in ("the source is odd", "gone wrong", "an old warning"):
            assert text in shown
    told = (await gateway.client.get(f"/api/v1/jobs/{ONE}")).json()
    assert "reason" not in told["error"]
    assert "warning_reasons" not in told


def test_an_old_log_in_of_the_audit_is_told_as_it_was() -> None:
    entry = {"id": "1", "at": MOMENT, "actor": "anna", "reason": "", "action": "log in", "outcome": "refused"}
    old = AuditEntry.model_validate({**entry, "detail": "password, from 192.0.2.7, 3 times"})
    assert old.told is not None
    assert english(old.told) == "password, from 192.0.2.7, 3 times"


def test_a_text_keeps_its_code_from_process_to_process_and_loses_it_when_it_is_changed() -> None:
    text = file_texts.OF_FILE(name="a.tif", error=picture_texts.EMPTY())
    passed = pickle.loads(pickle.dumps(JobFailedError(text)))  # noqa: S301 - our own
    assert told(passed) == "a.tif: it is empty"
    assert reason_of(told(passed)) == text.reason
    assert reason_of(f"oh: {text}") is None
    assert told(ValueError("a", "b")) == "('a', 'b')"
    shorter = without(text, ("a.t", "if"))
    assert isinstance(shorter, CodedText)
    assert (shorter, english(shorter.reason)) == (": it is empty", ": it is empty")


def test_an_error_that_is_too_long_or_quotes_too_much_is_plain_text() -> None:
    long = file_texts.OF_FILE(name="a.tif", error="x" * MESSAGE_CHARACTERS)
    assert job_error(JobFailedError(long)).reason is None
    odd = file_texts.OF_FILE(name="a\udcff", error="b")
    kept = job_error(JobFailedError(odd)).reason
    assert kept is not None
    assert kept.parameters["name"] == "a\\udcff"
    assert JobError.model_validate_json(job_error(JobFailedError(odd)).model_dump_json()).reason == kept


def test_without_codes_the_messages_are_what_they_were() -> None:
    assert "reason" not in JobError(message="x", kind="E").model_dump()
    assert Warnings(count=1, texts=("x",)).model_dump() == {"count": 1, "texts": ("x",)}


@pytest.mark.parametrize(
    ("text", "german"), [("%(a)s", "%(b)s"), ("100 %", "100 %"), ("%(a)d", "%(a)d"), ("", "")]
)
def test_sentences_of_a_plugin_that_could_not_be_filled_are_refused(text: str, german: str) -> None:
    with pytest.raises(ValidationError):
        PluginText(english=text, translations={"de": german})


def test_a_code_of_a_plugin_is_made_once() -> None:
    with pytest.raises(ValueError, match="made before"):
        OCR.code("no_page", "again")
    reason = reason_of(NO_PAGE(folder="/a"))
    assert isinstance(reason, Reason)
    assert reason.code == "plugin.noop.no_page"


def calls() -> Iterator[tuple[str, TextCode, set[str]]]:
    """A call that makes the text of a code, and its parameters if all of them are written there."""
    for package in (taskmanager, taskmanager_plugin_runner):
        for path in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                module = MODULES.get(ast.unparse(node.func.value))
                given = [keyword.arg for keyword in node.keywords]
                if module is not None and None not in given:
                    place = f"{path.name}:{node.lineno}"
                    yield place, getattr(module, node.func.attr), {name for name in given if name}


def test_every_code_of_a_job_is_told_with_the_parameters_of_one_of_its_sentences() -> None:
    """Most codes are used in error paths, and the tests do not reach all of these."""
    found = list(calls())
    assert len(found) > 200
    assert [place for place, what, given in found if given not in map(set, what.code.takes)] == []

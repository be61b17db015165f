"""Requests and judgements of the three dialects, without HTTP."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_plus

import jwt
import pytest
from tests.unit.goobi.reports import report, settings

from taskmanager.goobi.installations import JwtAccess
from taskmanager.model.log_types import LogType
from taskmanager.plugin_api.measures import duration, volume
from taskmanager_scheduler.goobi import callback
from taskmanager_scheduler.goobi.access import Access, signed
from taskmanager_scheduler.goobi.calls import Answer, Callback, CloseStep, ErrorStep, Fate, LogEntry, in_brief
from taskmanager_scheduler.goobi.core import Core
from taskmanager_scheduler.goobi.rest import RestPlugin
from taskmanager_scheduler.goobi.telling import Telling
from taskmanager_scheduler.goobi.texts import filled, task_of
from taskmanager_scheduler.goobi.webapi import WebApi

TEXT = "1+1 = 100 % ä"
ENTRY = LogEntry(1, 11, LogType.WARN, "TaskManager", TEXT)
CLOSE, ERROR = CloseStep(1, 11), ErrorStep(1, 11)
LOGIN_PAGE = "<!DOCTYPE html><html><body>Sign in</body></html>"


def page(title: str, message: str = "") -> str:
    return f'<html><body><h1>{title}</h1><div class="content">{message}</div></body></html>'


def test_the_web_api_gets_commands_by_post_with_the_password_in_the_form() -> None:
    call = WebApi("word").call(CLOSE)
    assert (call.method, call.path) == ("POST", "/wi")
    assert call.form == {"command": "closeStep", "token": "word", "stepId": "11"}
    assert WebApi("word").call(ERROR).form == {"command": "setErrorStep", "token": "word", "stepId": "11"}


def test_the_web_apis_value_is_encoded_once_more_than_the_form_does() -> None:
    form = WebApi("word").call(ENTRY).form or {}
    assert unquote_plus(form["value"]) == f"TaskManager: {TEXT}"
    assert form["value"].isascii()
    assert "1%2B1" in form["value"]
    assert "processId" not in form
    assert (WebApi("word").call(LogEntry(1, None, LogType.INFO, "T", "x")).form or {})["processId"] == "1"


@pytest.mark.parametrize("dialect", [WebApi("word"), RestPlugin()])
def test_the_older_dialects_do_not_know_important(dialect: WebApi | RestPlugin) -> None:
    call = dialect.call(LogEntry(1, 11, LogType.IMPORTANT, "T", "x"))
    assert "user" in ((call.form or {}).get("type"), call.path.rpartition("/")[2])


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (Answer(200, page("Command executed", "Step closed")), Fate.DONE),
        (Answer(200, page("Error during execution")), Fate.AGAIN),
        (Answer(200, LOGIN_PAGE), Fate.AGAIN),
        (Answer(400, page("Invalid parameters")), Fate.AGAIN),
        (Answer(401, page("Access denied")), Fate.AGAIN),
        (Answer(404, page("Web API deactivated")), Fate.AWAY),
        (Answer(500, page("Error during execution", "validation failed")), Fate.AGAIN),
        (Answer(503, "proxy"), Fate.AWAY),
        (Answer(302, "", "https://goobi/login"), Fate.AGAIN),
    ],
)
def test_the_web_api_is_judged_by_status_and_title(answer: Answer, fate: Fate) -> None:
    assert WebApi("word").judge(CLOSE, answer).fate is fate


def test_an_entry_with_wrong_parameters_will_never_be_taken() -> None:
    assert WebApi("word").judge(ENTRY, Answer(400, page("Invalid parameters"))).fate is Fate.REFUSED
    assert Core().judge(ENTRY, Answer(400, "unknown type")).fate is Fate.REFUSED


def test_the_rest_plugin_gets_everything_in_the_address_and_the_text_as_body() -> None:
    call = RestPlugin().call(ENTRY)
    assert (call.method, call.path) == ("POST", "/api/addtoprocesslog/steps/11/warn")
    assert call.content == f"TaskManager: {TEXT}".encode()
    assert RestPlugin().call(LogEntry(1, None, LogType.INFO, "T", "x")).path.endswith("/processes/1/info")
    assert RestPlugin().call(CLOSE).path == "/api/closestep/11"
    assert RestPlugin().call(ERROR).path == "/api/seterrorstep/11"


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (Answer(200, "<CloseStepResponse><stepId>11</stepId></CloseStepResponse>"), Fate.DONE),
        (Answer(400, "<CloseStepResponse><comment>Step was already closed.</comment>"), Fate.DONE),
        (Answer(400, "something else"), Fate.AGAIN),
        (Answer(404, "no such step"), Fate.AGAIN),
        (Answer(406, "validation"), Fate.AGAIN),
        (Answer(200, LOGIN_PAGE), Fate.AGAIN),
    ],
)
def test_the_rest_plugin_is_judged_by_status(answer: Answer, fate: Fate) -> None:
    assert RestPlugin().judge(CLOSE, answer).fate is fate


def test_the_core_gets_json_with_the_ids_also_in_the_body() -> None:
    call = Core().call(ERROR)
    assert (call.method, call.path) == ("PUT", "/api/process/1/step")
    assert json.loads(call.content or b"") == {"processId": 1, "stepId": 11, "status": "steperror"}
    entry = json.loads(Core().call(ENTRY).content or b"")
    assert entry == {"userName": "TaskManager", "type": "warn", "message": TEXT}
    assert Core().call(CLOSE).path == "/api/process/1/step/11/close"


@pytest.mark.parametrize(
    ("status", "text", "fate"),
    [
        (200, "{}", Fate.DONE),
        (409, "conflict", Fate.LOOK),
        (404, "no step", Fate.AGAIN),
        (500, "", Fate.AGAIN),
    ],
)
def test_the_core_is_judged_by_status_and_a_conflict_needs_a_look(status: int, text: str, fate: Fate) -> None:
    assert Core().judge(CLOSE, Answer(status, text)).fate is fate


def test_the_core_shows_whether_something_is_done_already() -> None:
    core = Core()
    same = json.dumps([{"userName": "TaskManager", "message": TEXT, "type": "warn"}])
    assert core.seen(ENTRY, Answer(200, same)) is True
    assert core.seen(ENTRY, Answer(200, "[]")) is False
    assert core.seen(ENTRY, Answer(500, "")) is None
    assert core.seen(CLOSE, Answer(200, '{"status": "stepdone"}')) is True
    assert core.seen(CLOSE, Answer(200, '{"status": "steplocked"}')) is False
    assert core.seen(ERROR, Answer(200, '{"status": "steperror"}')) is True


def test_a_callback_is_a_post_with_the_header_job_type_and_no_body() -> None:
    call = callback.call(Callback("http://goobi/done", "fracture"))
    assert (call.method, call.headers, call.content) == ("POST", {"jobType": "fracture"}, None)
    assert callback.judge(Answer(200)).fate is Fate.DONE
    assert callback.judge(Answer(404)).fate is Fate.AGAIN
    assert callback.judge(Answer(200, LOGIN_PAGE)).fate is Fate.AGAIN


def test_a_jwt_is_good_for_one_call_and_signed_with_the_key_of_the_day() -> None:
    now = datetime(2026, 5, 6, 13, 14, tzinfo=UTC)
    access = JwtAccess(secret_file=Path("/run/secrets/jwt"))
    secret = "a-secret-of-goobi-that-is-long-enough"
    token = signed(access, secret, "PUT", "/process/1/step/11/close", now)
    key = f"{secret}{int(datetime(2026, 5, 6, tzinfo=UTC).timestamp() * 1000)}"
    claims = jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})
    assert claims == {
        "iss": "Goobi",
        "exp": int((now + timedelta(minutes=5)).timestamp()),
        "api_path": "/process/1/step/11/close",
        "api_methods": ["put"],
    }


def test_each_way_of_access_shows_its_secret_and_hides_it_in_texts(tmp_path: Path) -> None:
    by_token = settings(tmp_path, "http://goobi", "rest", "word").installations["main"]
    assert Access(by_token).headers("POST", "/closestep/11") == {"token": "word"}
    assert Access(by_token).hide("who gave word?") == "who gave <secret>?"
    by_user = by_token.model_copy(update={"token_file": None, "api_token_file": by_token.token_file})
    encoded = base64.b64encode(b"word").decode()
    assert Access(by_user).headers("POST", "/x") == {"Authorization": f"Basic {encoded}"}


async def test_a_missing_secret_is_said_and_nothing_is_sent(tmp_path: Path) -> None:
    known = settings(tmp_path, "http://127.0.0.1:9", "webapi", "word")
    (tmp_path / "token").unlink()
    telling = Telling(known, known.installations["main"])
    judgement = await telling.tell(report(), doubtful=False)
    await telling.close()
    assert judgement.fate is Fate.AWAY
    assert judgement.words == f"secret file {tmp_path / 'token'} cannot be read: No such file or directory"


def test_an_entry_says_what_was_done_how_much_and_how_long(tmp_path: Path) -> None:
    known = settings(tmp_path, "http://goobi", "webapi", "word").installations["main"]
    entry = task_of(report(), known)
    assert isinstance(entry, LogEntry)
    assert entry.text == "jp2: finished, 12 files, 34.5 MB, in 2 min 5 s."
    assert filled("{process_title}, {title}: {job}", report()) == "book_1, Book: job-1"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (34_500_000, "34.5 MB"), (5e15, "5000.0 TB")],
)
def test_volumes_are_told_as_people_read_them(size: float, text: str) -> None:
    assert volume(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "unknown time"), (0.71, "0.7 s"), (59.99, "60.0 s"), (125, "2 min 5 s"), (7380, "2 h 3 min")],
)
def test_durations_are_told_as_people_read_them(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_a_page_is_kept_as_one_short_line() -> None:
    assert in_brief(page("Access  denied", "no\n token")) == "Access denied no token"
    assert len(in_brief("x" * 1000)) < 400

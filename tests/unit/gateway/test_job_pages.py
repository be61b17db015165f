"""A job's page and pop-ups: what they show to whom, and what their forms send."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.messages import JobCommand, SendMessage
from taskmanager.model.jobs import Attribution, GoobiReference, HistoryEntry, Job, JobError
from taskmanager.model.states import Status
from taskmanager_gateway.web.jobs.job_details import SHOWN_CHARACTERS

SCRIPT = "<script>document.title='owned'</script>"
ONE = job(1).id
GOOBI = GoobiReference(process_id=77, step_id=5, process_title="atlas_77")


async def get(gateway: Gateway, address: str, language: str = "en", **headers: str) -> httpx.Response:
    wanted = {"accept": "text/html", "accept-language": language, **headers}
    return await gateway.client.get(address, headers=wanted)


async def pop_up(gateway: Gateway, address: str, language: str = "en") -> httpx.Response:
    return await get(gateway, address, language, **{"hx-request": "true"})


async def post(gateway: Gateway, address: str, language: str = "en", **form: Any) -> httpx.Response:
    headers = {"hx-request": "true", "accept-language": language}
    return await gateway.client.post(address, data=form, headers=headers)


def stored(gateway: Gateway, **fields: Any) -> Job:
    one = job(1, **fields)
    gateway.reader.put(one)
    return one


def order_of(gateway: Gateway) -> JobCommand:
    """The one order the scheduler got."""
    (command,) = gateway.scheduler.commands
    assert isinstance(command.order, JobCommand)
    return command.order


async def test_the_page_and_the_pop_up_show_the_same(gateway: Gateway) -> None:
    stored(gateway, title="Atlas", goobi=GOOBI, source="/a/b", unique="key-1", parameters={"rate": 3})
    page, dialog = await get(gateway, f"/jobs/{ONE}"), await pop_up(gateway, f"/ui/jobs/{ONE}")
    for shown in (one.text.replace("<wbr>", "") for one in (page, dialog)):  # where paths may break
        for text in ("Atlas", ONE, "atlas_77", "/a/b", "key-1", "&#34;rate&#34;: 3", "STARTED"):
            assert text in shown
        assert f"/plugins/noop?tab=queue&amp;process={GOOBI.process_id}" in shown
        assert 'id="dialog-title"' in shown or "<h1" in shown
    assert page.text.startswith("<!doctype html>")
    assert "<!doctype" not in dialog.text


@pytest.mark.parametrize(
    ("language", "wanted"), [("en", "No runner of plugin noop is alive"), ("de", "Kein Runner des Plugins")]
)
async def test_why_it_waits_is_said_in_the_reader_s_language(
    gateway: Gateway, language: str, wanted: str
) -> None:
    stored(gateway)
    assert wanted in (await get(gateway, f"/jobs/{ONE}", language)).text


async def test_nothing_in_a_job_becomes_markup(gateway: Gateway) -> None:
    history = (HistoryEntry(at=MOMENT, status=Status.ERROR, attempt=1, note=SCRIPT),)
    error = JobError(message=SCRIPT, kind="E", traceback=SCRIPT)
    stored(
        gateway, title=SCRIPT, project=SCRIPT, parameters={"name": SCRIPT}, status=Status.ERROR,
        error=error, history=history, cancel=Attribution(by=SCRIPT, at=MOMENT, reason=SCRIPT),
    )  # fmt: skip
    for address in (f"/jobs/{ONE}", f"/ui/jobs/{ONE}", f"/ui/jobs/{ONE}/retry"):
        shown = (await get(gateway, address)).text
        assert "&lt;script&gt;" in shown
        assert "<script>document" not in shown


async def test_a_huge_error_is_shown_from_its_beginning_and_given_whole_as_a_file(gateway: Gateway) -> None:
    message = "line of an error\n" * 600_000
    stored(gateway, status=Status.ERROR, error=JobError(message=message, kind="ToolFailedError"))
    page, file = await get(gateway, f"/jobs/{ONE}"), await get(gateway, f"/jobs/{ONE}/error.txt")
    assert len(page.text) < 10 * SHOWN_CHARACTERS
    assert "the first 20,000 of 10,200,000 characters" in page.text
    assert f'href="/jobs/{ONE}/error.txt" download' in page.text
    assert file.text == f"ToolFailedError: {message}"


async def test_an_unknown_job_has_a_clear_page(gateway: Gateway) -> None:
    answer = await get(gateway, f"/jobs/{job(99).id}", "de")
    assert answer.status_code == 404
    assert "Diesen Job gibt es nicht" in answer.text
    assert "Alte Jobs werden gelöscht" in answer.text


async def test_a_job_of_an_uninstalled_plugin_still_shows(gateway: Gateway) -> None:
    gateway.reader.put(job(1, plugin="gone", status=Status.DONE, title="Atlas"))
    shown = (await get(gateway, f"/jobs/{ONE}")).text
    assert "Atlas" in shown
    assert "Its plugin gone is not installed any more" in shown


async def test_the_priority_pop_up_shows_where_the_job_would_land(gateway: Gateway) -> None:
    stored(gateway, priority=5)
    for number, priority in enumerate((9, 8, 5, 2), start=2):
        queued = MOMENT + timedelta(seconds=number)
        gateway.reader.put(job(number, priority=priority, queued_at=queued))
    opened = (await pop_up(gateway, f"/ui/jobs/{ONE}/priority")).text
    assert 'value="5"' in opened
    assert "at position 3: 2 jobs start before it" in opened
    landing = f"/ui/jobs/{ONE}/landing?priority="
    assert "at position 2: 1 job starts before it" in (await pop_up(gateway, landing + "9")).text
    assert "the next one" in (await pop_up(gateway, landing + "10")).text
    assert "at position 4" in (await pop_up(gateway, landing + "4")).text
    assert "auf Platz 5" in (await pop_up(gateway, landing + "0", "de")).text
    for typed in ("", "11", "-1", "1e1", "²"):
        assert "whole number from 0 to 10" in (await pop_up(gateway, landing + typed)).text


@pytest.mark.parametrize("act", ["cancel", "hold", "next"])
async def test_an_action_asks_once_and_sends_the_reason(gateway: Gateway, act: str) -> None:
    stored(gateway, title="Atlas")
    asked = await pop_up(gateway, f"/ui/jobs/{ONE}/{act}")
    assert f'hx-post="/ui/jobs/{ONE}/{act}"' in asked.text
    assert "Atlas" in asked.text
    answer = await post(gateway, f"/ui/jobs/{ONE}/{act}", reason="wrong scan")
    assert answer.status_code == 204
    assert {"tm-close", "tm-toast", "tm-rows", "tm-job"} <= set(answer.headers["hx-trigger"].split('"'))
    (command,) = gateway.scheduler.commands
    assert (order_of(gateway).action, command.reason) == (act, "wrong scan")


async def test_one_click_needs_no_form_and_leaves_open_details_open(gateway: Gateway) -> None:
    stored(gateway, status=Status.ERROR)
    answer = await post(gateway, f"/ui/jobs/{ONE}/retry", "de")
    assert answer.status_code == 204
    assert "tm-close" not in answer.headers["hx-trigger"]
    assert order_of(gateway).action == "retry"


async def test_the_priority_is_sent(gateway: Gateway) -> None:
    stored(gateway)
    assert (await post(gateway, f"/ui/jobs/{ONE}/priority", priority=9)).status_code == 204
    assert order_of(gateway).priority == 9
    wrong = await post(gateway, f"/ui/jobs/{ONE}/priority", "de", priority=11)
    assert wrong.status_code == 422
    assert "Die Anfrage hat falsche" in wrong.text


async def test_the_second_of_two_operators_gets_the_reason_in_their_language(gateway: Gateway) -> None:
    stored(gateway, status=Status.DONE)
    answer = await post(gateway, f"/ui/jobs/{ONE}/cancel", "de")
    assert answer.status_code == 409
    assert "ihn abzubrechen: der Job ist beendet (DONE): es gibt nichts abzubrechen" in answer.text
    opened = await pop_up(gateway, f"/ui/jobs/{ONE}/hold")
    assert opened.status_code == 409


async def test_a_silent_scheduler_is_told_honestly(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskmanager_gateway.commands.service.RESULT_TIME", timedelta(milliseconds=20))
    stored(gateway)
    gateway.scheduler.silent = True
    answer = await post(gateway, f"/ui/jobs/{ONE}/hold")
    assert "is kept and will be carried out" in answer.headers["hx-trigger"]
    stored(gateway, goobi=GOOBI)
    sent = await post(gateway, f"/ui/jobs/{ONE}/message", text="hello")
    assert "is kept and will be carried out" in sent.text
    assert 'hx-trigger="every 2s"' in sent.text


async def test_a_message_says_where_it_goes_and_whether_it_got_there(gateway: Gateway) -> None:
    stored(gateway, goobi=GOOBI)
    opened = (await pop_up(gateway, f"/ui/jobs/{ONE}/message", "de")).text
    assert "atlas_77 (77)" in opened
    answer = await post(gateway, f"/ui/jobs/{ONE}/message", type="warn", text="two\r\nlines", reason="")
    (command,) = gateway.scheduler.commands
    assert isinstance(command.order, SendMessage)
    assert command.order.message.text == "two\nlines"
    assert command.order.message.type == "warn"
    assert f"/ui/jobs/{ONE}/messages/{command.id}" in answer.text


async def test_an_empty_message_is_refused(gateway: Gateway) -> None:
    stored(gateway, goobi=GOOBI)
    answer = await post(gateway, f"/ui/jobs/{ONE}/message", "de", text="")
    assert answer.status_code == 422
    assert "mindestens 1 Zeichen" in answer.text
    assert not gateway.scheduler.commands


async def test_a_job_from_elsewhere_takes_no_message(gateway: Gateway) -> None:
    stored(gateway)
    answer = await pop_up(gateway, f"/ui/jobs/{ONE}/message", "de")
    assert answer.status_code == 409
    assert "kommt nicht aus Goobi" in answer.text
    assert (await pop_up(gateway, f"/ui/jobs/{ONE}/nonsense")).status_code == 404


async def test_a_job_without_a_template_names_the_one_it_gets(gateway: Gateway) -> None:
    gateway.reader.install(installed("noop", templates=("lossless", "small"), template_default="lossless"))
    stored(gateway)
    assert "lossless (the plugin's default)" in (await get(gateway, f"/jobs/{ONE}")).text
    stored(gateway, template="small")
    assert "default)" not in (await get(gateway, f"/jobs/{ONE}")).text


async def test_a_job_that_waits_has_not_begun(gateway: Gateway) -> None:
    stored(gateway)
    assert "<dt>Begun</dt>" not in (await get(gateway, f"/jobs/{ONE}")).text
    stored(gateway, started_at=MOMENT, attempt=1)
    assert "<dt>Last attempt begun</dt>" in (await get(gateway, f"/jobs/{ONE}")).text
    stored(gateway, started_at=MOMENT, attempt=1, status=Status.PROCESSING, owner="werk-1")
    assert "<dt>Begun</dt>" in (await get(gateway, f"/jobs/{ONE}")).text

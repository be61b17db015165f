"""The pages of reports to Goobi and of the audit, over a whole gateway."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.unit.goobi.reports import FACTS, NOW, report

from taskmanager.messages import ReplayReports
from taskmanager.model.control import JobAction, StopMode
from taskmanager.model.log_types import LogType
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.reasons.actions_taken import DEEDS
from taskmanager.model.reasons.catalogue import places
from taskmanager.model.registry import AuditEntry
from taskmanager.model.reports import InstallationHealth, OperatorMessage, Report, ReportKind, ReportState
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.web.audit.audit_rows import audited_action

from .conftest import Gateway

ENGLISH = {"accept": "text/html", "accept-language": "en"}
GERMAN = {"accept": "text/html", "accept-language": "de"}
LOST: dict[str, Any] = {
    "state": ReportState.GIVEN_UP,
    "next_try": None,
    "last_answer": "500 <script>alert(1)</script>",
}


@pytest.fixture
def settings(roots: Path, tmp_path: Path) -> GatewaySettings:
    file = tmp_path / "goobi.toml"
    file.write_text(
        'default = "main"\n'
        '[installations.main]\ndialect = "core"\nurl = "https://goobi.example.org/goobi"\n'
        '[installations.old]\ndialect = "rest"\nurl = "http://10.0.0.7/goobi"\n'
    )
    return GatewaySettings(roots=str(roots), goobi=file, access=AccessMode.OFF)


def put(gateway: Gateway, *reports: Report) -> None:
    gateway.reader.known_reports |= {one.id: one for one in reports}


async def shown(gateway: Gateway, address: str, headers: dict[str, str] = ENGLISH) -> str:
    answer = await gateway.client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_page_shows_how_each_installation_is_told(gateway: Gateway) -> None:
    put(gateway, report(1), report(2, job="job-2", **LOST))
    gateway.reader.known_health = [InstallationHealth(name="main", last_failure=NOW, last_answer="503: busy")]
    page = await shown(gateway, "/reports")
    assert "last try failed" in page
    assert "503: busy" in page
    assert "not used yet" in page
    assert "state=given_up&amp;installation=main" in page
    assert "letzter Versuch gescheitert" in await shown(gateway, "/reports", GERMAN)


async def test_without_reports_the_page_says_what_would_be_there(gateway: Gateway) -> None:
    assert "Nothing has been reported yet" in await shown(gateway, "/reports")
    assert "No report fits here" in await shown(gateway, "/reports?kind=message")


async def test_the_address_says_which_reports_are_shown_and_nonsense_is_named(gateway: Gateway) -> None:
    message = OperatorMessage(type=LogType.INFO, text="Look")
    told = report(2, ReportKind.MESSAGE, job="job-2", message=message)
    put(gateway, report(1), told, report(3, job="job-3", **LOST))
    rows = await shown(gateway, "/ui/reports?kind=message")
    assert told.id in rows
    assert report(1).id not in rows
    assert report(3, job="job-3").id in await shown(gateway, "/ui/reports?state=given_up&installation=main")
    assert 'id="report-' not in await shown(gateway, "/ui/reports?job=nobody")
    assert "Left out, because it cannot be read: state" in await shown(gateway, "/reports?state=x&kind=entry")


async def test_older_reports_are_a_link_away(gateway: Gateway) -> None:
    put(gateway, *(report(n, job=f"job-{n}", created=NOW + timedelta(minutes=n)) for n in range(60)))
    first = await shown(gateway, "/reports?kind=entry")
    assert 'rel="next" href="/reports?kind=entry&amp;cursor=' in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = await shown(gateway, older)
    assert "Newest" in second
    assert "job-0:" in second
    assert "job-0:" not in first


async def test_the_pop_up_shows_all_that_was_said_escaped(gateway: Gateway) -> None:
    facts = FACTS.model_copy(update={"error": "Traceback <b>\n" + "x" * 200_000})
    one = report(1, facts=facts, **LOST)
    put(gateway, one)
    pop_up = await shown(gateway, f"/ui/reports/{one.id}")
    assert "500 &lt;script&gt;" in pop_up
    assert "<script>" not in pop_up
    assert "x" * 200_000 in pop_up
    assert "Deliver again" in pop_up
    missing = await gateway.client.get("/ui/reports/none", headers={"hx-request": "true"})
    assert (missing.status_code, "No such report" in missing.text) == (404, True)


async def test_a_report_is_delivered_again_with_a_reason(gateway: Gateway) -> None:
    one = report(1, **LOST)
    put(gateway, one)
    answer = await gateway.client.post(
        f"/ui/reports/{one.id}/replay", data={"reason": "Goobi is back", "csrf": ""}, headers=ENGLISH
    )
    assert answer.status_code == 204
    assert "delivered again" in answer.headers["hx-trigger"]
    assert "tm-reports" in answer.headers["hx-trigger"]
    command = gateway.scheduler.commands[-1]
    assert (command.order, command.reason) == (ReplayReports(report=one.id), "Goobi is back")


async def test_a_silent_scheduler_is_said_and_a_refusal_stays_in_the_pop_up(gateway: Gateway) -> None:
    delivered = report(2, state=ReportState.DELIVERED, delivered_at=NOW, next_try=None)
    put(gateway, report(1, **LOST), delivered)
    gateway.scheduler.silent = True
    answer = await gateway.client.post(f"/ui/reports/{report(1).id}/replay", headers=GERMAN)
    assert "warning" in answer.headers["hx-trigger"]
    refused = await gateway.client.post(
        f"/ui/reports/{delivered.id}/replay", headers={**ENGLISH, "hx-request": "true"}
    )
    assert (refused.status_code, "Goobi has it already" in refused.text) == (409, True)


async def test_replaying_all_says_how_many_and_asks_once(gateway: Gateway) -> None:
    put(gateway, *(report(n, job=f"job-{n}", **LOST) for n in range(3)))
    asked = await shown(gateway, "/ui/installations/main/replay")
    assert "3 reports to main were given up" in asked
    assert "3 Meldungen an main" in await shown(gateway, "/ui/installations/main/replay", GERMAN)
    answer = await gateway.client.post("/ui/installations/main/replay", data={"reason": ""}, headers=ENGLISH)
    assert answer.status_code == 204
    assert gateway.scheduler.commands[-1].order == ReplayReports(installations=("main", None))
    assert "Nothing is undelivered" in await shown(gateway, "/ui/installations/old/replay")
    nobody = await gateway.client.get("/ui/installations/x/replay", headers={"hx-request": "true"})
    assert nobody.status_code == 404


def entry(number: int, **fields: Any) -> AuditEntry:
    made = {"actor": "anna", "reason": "", "outcome": "done", **fields}
    return AuditEntry(id=f"c-{number}", at=NOW + timedelta(minutes=number), **made)


ENDS = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


async def test_the_audit_says_what_was_done_in_the_reader_s_language(gateway: Gateway) -> None:
    gateway.reader.audited += [
        entry(1, what=actions_taken.PRIORITY(level=9, operation="op-1"), plugin="jp2", reason="<i>soon</i>"),
        entry(2, what=actions_taken.STOPS[StopMode.SUSPEND](ends=ENDS), plugin="jp2"),
        entry(
            3,
            what=actions_taken.JOBS[JobAction.CANCEL](),
            why=refusals.NOTHING_TO_CANCEL(status="DONE"),
            plugin="jp2",
            job="job-1",
            outcome="refused",
        ),
        entry(
            4,
            what=actions_taken.ADD_USER(role="viewer", reach=actions_taken.SOME_PLUGINS(plugins="jp2 noop")),
            subject="bertä",
        ),
        entry(5, action="something of years ago", detail="and why not"),
        entry(6, what=actions_taken.ADD_TOKEN(scopes="read submit", reach=actions_taken.ALL_PLUGINS())),
        entry(7, what=actions_taken.MESSAGE(type="warn")),
    ]
    english = await shown(gateway, "/audit")
    for words in ("Priority 9", "/operations/op-1", "&lt;i&gt;soon", "/jobs/job-1", "refused", "Viewer"):
        assert words in english
    assert "something of years ago" in english
    assert "and why not" in english
    german = await shown(gateway, "/audit", GERMAN)
    for words in (
        "Priorität 9",
        "Plugin anhalten, laufende Jobs pausieren",
        "02.01.2026",
        "abgelehnt",
        "Job ist beendet",
        "Lesen, Einreichen, alle Plugins",
        "Nachricht an Goobi: Warnung (warn)",
    ):
        assert words in german


async def test_the_audit_is_filtered_and_paged_by_its_address(gateway: Gateway) -> None:
    gateway.reader.audited += [entry(n, action="hold", plugin="jp2" if n % 2 else "noop") for n in range(120)]
    first = await shown(gateway, "/audit?plugin=jp2")
    assert first.count("<tr>") == 1 + 50
    assert 'rel="next" href="/audit?plugin=jp2&amp;cursor=' in first
    assert "No entry fits here" in await shown(gateway, "/audit?runner=nobody")
    assert "Left out" in await shown(gateway, "/audit?plugin=NOT+A+NAME")
    bad = await gateway.client.get("/audit?cursor=x", headers=ENGLISH)
    assert (bad.status_code, "<h1" in bad.text) == (422, True)


async def test_the_audit_has_words_for_every_deed(gateway: Gateway) -> None:
    reach = {"code": "deed.all_plugins", "parameters": {}}
    filled = {"reach": reach, "limit": 4, "level": 9, "seconds": "30", "ends": "2026-01-02T03:04:00+00:00"}
    filled |= {"role": "admin", "able": "disable"}
    reaches = {actions_taken.ALL_PLUGINS, actions_taken.NO_PLUGIN, actions_taken.SOME_PLUGINS}
    codes = [code for code in DEEDS.codes.values() if code not in reaches]
    every = [(code.name, sentence) for code in codes for sentence in code.sentences]
    for number, (name, sentence) in enumerate(every):
        parameters = {place: filled.get(place, "x") for place in places(sentence)}
        reason = Reason.model_validate({"code": name, "parameters": parameters})
        gateway.reader.audited.append(entry(number, what=reason))
        deed = audited_action(reason)
        assert deed.kind == name.removeprefix("deed.")
        assert (deed.until is not None) == ("ends" in parameters)
    told, page = "", await shown(gateway, "/audit")
    while following := re.search(r'rel="next" href="([^"]+)"', page):
        told, page = told + page, await shown(gateway, unescape(following[1]))
    told += page
    assert told.count("<tr>") == told.count("<thead>") + len(every)
    for words in ("Admin, all plugins", "disable", "Drain the runner", "At most 4 running jobs", "until"):
        assert words in told


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"code": "text.prose", "parameters": {"text": "stop, suspend"}}, "stop, suspend"),
        ({"code": "deed.teleport", "parameters": {"to": "r2"}}, "deed.teleport (to: r2)"),
        ({"code": "deed.priority_to", "parameters": {"turn": 9}}, "deed.priority_to (turn: 9)"),
    ],
)
def test_what_another_version_wrote_is_shown_as_it_is(asked: dict[str, Any], words: str) -> None:
    deed = audited_action(Reason.model_validate(asked))
    assert (deed.kind, deed.values) == ("other", {"action": words})

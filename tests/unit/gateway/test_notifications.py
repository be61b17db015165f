"""Rules of notifications: their pages, their API, who may, and what becomes of them in the audit."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.notifications.samples import NOW, delivery, event, rule

from taskmanager.messages import Command, CommandResult, SetRule
from taskmanager.model.access import Right, Role
from taskmanager.model.notifications.deliveries import DeliveryState
from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import RULES_MOST
from taskmanager.ports.store import Snapshot
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.web.audit.audit_rows import audited_action
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_testing.access import FakeAccess

from .access import bearer, csrf, log_in, token, user
from .conftest import Gateway, installed

API = "/api/v1/notification-rules"
BODY = {"name": "Failures", "kinds": ["job_failed"], "channel": "mail", "recipients": ["anna@example.org"]}
SCRIPT = "<script>document.title='owned'</script>"


@pytest.fixture
def settings(roots: Path, tmp_path: Path) -> GatewaySettings:
    file = tmp_path / "notifications.toml"
    file.write_text(
        '[channels.mail]\nkind = "mail"\nhost = "mail.example.org"\nsender = "tm@example.org"\n'
        'recipients_within = ["example.org"]\n'
        '[channels.hook]\nkind = "webhook"\nurl = "https://x.example.org"\n'
        'secret_file = "/run/secrets/hook"\n'
    )
    return GatewaySettings(roots=str(roots), notifications=file)


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("ada", Role.ADMIN))
    made.put_user(user("otto", Role.OPERATOR))
    made.put_token(token("all", Right.NOTIFY))
    made.put_token(token("some", Right.NOTIFY, plugins=("jp2",)))
    return made


@pytest.fixture(autouse=True)
def obedient(gateway: Gateway) -> None:
    """The scheduler carries out orders about rules as the real one decides, and stores the result."""

    def obey(command: Command) -> CommandResult | None:
        decision = decide((command,), Snapshot(), NOW)
        for one in decision.rules:
            gateway.reader.known_rules[one.id] = one
        for gone in decision.removed_rules:
            gateway.reader.known_rules.pop(gone, None)
        gateway.reader.audited += decision.audit
        return None

    gateway.scheduler.obey = obey


async def call(
    gateway: Gateway, method: str, path: str = "", who: str = "all", **more: Any
) -> httpx.Response:
    return await gateway.client.request(method, API + path, headers=bearer(who), **more)


async def get(gateway: Gateway, address: str, language: str = "en") -> httpx.Response:
    return await gateway.client.get(address, headers={"accept": "text/html", "accept-language": language})


async def test_a_rule_is_made_read_changed_and_removed(gateway: Gateway) -> None:
    assert (await call(gateway, "PUT", "/night", json={**BODY, "reason": "new team"})).status_code == 200
    shown = (await call(gateway, "GET", "/night")).json()
    assert (shown["id"], shown["name"], shown["misfit"]) == ("night", "Failures", None)
    assert (shown["changed"]["by"], shown["changed"]["reason"]) == ("token:all", "new team")
    assert [one["id"] for one in (await call(gateway, "GET")).json()["rules"]] == ["night"]
    assert (await call(gateway, "PUT", "/night", json={**BODY, "on": False})).status_code == 200
    assert not (await call(gateway, "GET", "/night")).json()["on"]
    assert (await call(gateway, "DELETE", "/night")).status_code == 200
    assert (await call(gateway, "GET", "/night")).json()["type"] == "urn:taskmanager:problem:unknown-rule"
    orders = [command.order.type for command in gateway.scheduler.commands]
    assert orders == ["set_rule", "set_rule", "remove_rule"]
    told = [audited_action(entry.asked).kind for entry in gateway.reader.audited]
    assert told == ["set_rule", "set_rule", "remove_rule"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipients": ["anna@elsewhere.org"]}, "channel"),
        ({"recipients": []}, "channel"),
        ({"channel": "gone"}, "channel"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["test"]}, "body"),
        ({"zone": "Nowhere"}, "zone"),
        ({"recipients": ["a@example.org\nBcc: b@example.org"]}, "recipients.0"),
        ({"daily_at": "25:00"}, "daily_at"),
        ({"secret": "x"}, "secret"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_by_its_field(
    gateway: Gateway, change: dict[str, Any], field: str
) -> None:
    answer = await call(gateway, "PUT", "/night", json={**BODY, **change})
    assert answer.status_code == 422, answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert not gateway.scheduler.commands


async def test_there_is_a_limit_of_rules(gateway: Gateway) -> None:
    gateway.reader.known_rules = {f"r{n}": rule(id=f"r{n}") for n in range(RULES_MOST)}
    answer = await call(gateway, "PUT", "/night", json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "problem.too_many_rules")
    assert (await call(gateway, "PUT", "/r0", json=BODY)).status_code == 200


async def test_who_is_restricted_has_only_rules_about_those_plugins(gateway: Gateway) -> None:
    gateway.reader.known_rules = {
        "own": rule(id="own", plugins=("jp2",)),
        "other": rule(id="other", plugins=("jp2", "ocr")),
        "all": rule(id="all"),
    }
    assert [one["id"] for one in (await call(gateway, "GET", who="some")).json()["rules"]] == ["own"]
    for path in ("/other", "/all"):
        assert (await call(gateway, "GET", path, "some")).status_code == 404
        assert (await call(gateway, "DELETE", path, "some")).status_code == 404
        assert (await call(gateway, "POST", f"{path}/test", "some")).status_code == 404
        taken = await call(gateway, "PUT", path, "some", json={**BODY, "plugins": ["jp2"]})
        assert taken.status_code == 403
    assert (await call(gateway, "PUT", "/new", "some", json=BODY)).status_code == 403
    assert (await call(gateway, "PUT", "/new", "some", json={**BODY, "plugins": ["ocr"]})).status_code == 403
    assert (await call(gateway, "PUT", "/new", "some", json={**BODY, "plugins": ["jp2"]})).status_code == 200


async def test_the_messages_of_a_rule_say_why_one_was_not_accepted(gateway: Gateway) -> None:
    gateway.reader.known_rules = {"rule-1": rule()}
    refused = delivery(event(facts={"title": SCRIPT}), attempts=3, last_answer=f"550 {SCRIPT}")
    given_up = delivery(id="old", state=DeliveryState.GIVEN_UP, next_try=None, ended=NOW, attempts=9)
    gateway.reader.known_deliveries = [refused, given_up]
    view = (await call(gateway, "GET", "/rule-1/deliveries")).json()
    assert [one["state"] for one in view["deliveries"]] == ["given_up", "pending"]
    assert "550" in view["deliveries"][1]["last_answer"]
    await log_in(gateway, "ada")
    page = (await get(gateway, "/notifications/rule-1", "de")).text
    assert "noch nicht angenommen" in page
    assert "aufgegeben" in page
    assert "550 &lt;script&gt;" in page
    assert "<script>document" not in page


async def test_a_rule_that_cannot_be_delivered_says_so_on_its_page_and_in_the_list(gateway: Gateway) -> None:
    gateway.reader.known_rules = {"rule-1": rule(channel="gone", name=SCRIPT)}
    await log_in(gateway, "ada")
    page, listed = await get(gateway, "/notifications/rule-1"), await get(gateway, "/notifications")
    assert "there is no channel &#39;gone&#39;" in page.text
    assert "cannot be delivered" in listed.text
    assert "<script>document" not in page.text + listed.text


FORM = {
    "name": "Nachts", "on": "true", "kinds": ["job_failed", "queue_old"], "reach": "some", "plugins": ["jp2"],
    "projects": "Maps, Letters\nNotes", "channel": "mail", "recipients": "anna@example.org\notto@example.org",
    "language": "de", "zone": "Europe/Berlin", "pace": "daily", "interval_minutes": "60", "daily_at": "06:30",
    "quiet_from": "", "quiet_to": "", "minutes_waiting": "45", "reason": "a test",
}  # fmt: skip


async def post(gateway: Gateway, address: str, **fields: Any) -> httpx.Response:
    form = {"csrf": await csrf(gateway), **fields}
    return await gateway.client.post(
        address, data=form, headers={"hx-request": "true", "accept-language": "en"}
    )


async def test_the_form_makes_the_rule_and_shows_it_again(gateway: Gateway) -> None:
    gateway.reader.install(installed("jp2"))
    await log_in(gateway, "ada")
    assert "New rule" in (await get(gateway, "/notifications")).text
    empty = (await get(gateway, "/new-notification")).text
    assert 'name="kinds"' in empty
    answer = await post(gateway, "/ui/notifications/night", **FORM)
    assert answer.headers.get("hx-redirect") == "/notifications/night", answer.text
    [command] = gateway.scheduler.commands
    assert isinstance(command.order, SetRule)
    terms = command.order.terms
    assert (terms.projects, terms.plugins) == (("Maps", "Letters", "Notes"), ("jp2",))
    assert terms.kinds == (EventKind.JOB_FAILED, EventKind.QUEUE_OLD)
    assert (str(terms.daily_at), terms.quiet_from, terms.minutes_waiting) == ("06:30:00", None, 45)
    again = (await get(gateway, "/notifications/night/change")).text
    assert 'value="Nachts"' in again
    assert "anna@example.org\notto@example.org" in again
    assert 'id="kind-queue_old"' in again
    page = (await get(gateway, "/notifications/night", "de")).text
    assert "Gesammelt, täglich um 06:30" in page
    assert "a test" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reach": "some", "plugins": []}, "plugin"),
        ({"kinds": []}, "kinds"),
        ({"quiet_from": "20:00"}, "quiet hours need a beginning and an end"),
        ({"recipients": "anna"}, "recipients"),
        ({"recipients": ""}, "mail needs a recipient"),
    ],
)
async def test_a_form_with_a_mistake_says_which(gateway: Gateway, change: dict[str, Any], said: str) -> None:
    gateway.reader.install(installed("jp2"))
    await log_in(gateway, "ada")
    answer = await post(gateway, "/ui/notifications/night", **{**FORM, **change})
    assert answer.status_code == 422, answer.text
    assert said in answer.text
    assert not gateway.scheduler.commands


async def test_the_buttons_send_a_test_and_remove_the_rule(gateway: Gateway) -> None:
    gateway.reader.known_rules = {"rule-1": rule()}
    await log_in(gateway, "ada")
    assert (
        "A test is being sent" in (await post(gateway, "/ui/notifications/rule-1/test")).headers["hx-trigger"]
    )
    assert "rule-1/remove" in (await get(gateway, "/ui/notifications/rule-1/remove")).text
    removed = await post(gateway, "/ui/notifications/rule-1/remove", reason="no longer needed")
    assert removed.headers["hx-redirect"] == "/notifications"
    assert [command.order.type for command in gateway.scheduler.commands] == ["try_rule", "remove_rule"]
    assert gateway.reader.known_rules == {}


async def test_a_test_makes_one_notice_that_is_due_at_once(gateway: Gateway) -> None:
    gateway.reader.known_rules = {"rule-1": rule()}
    assert (await call(gateway, "POST", "/rule-1/test")).status_code == 200
    [command] = gateway.scheduler.commands
    first, second = (decide((command,), Snapshot(), NOW).notices for _ in range(2))
    assert first == second
    assert (first[0].event.kind, first[0].due, first[0].rule) == (EventKind.TEST, NOW, "rule-1")


async def test_only_who_may_has_the_page_in_the_menu(gateway: Gateway) -> None:
    await log_in(gateway, "otto")
    assert 'href="/notifications"' not in (await get(gateway, "/")).text
    gateway.client.cookies.clear()
    await log_in(gateway, "ada")
    assert 'href="/notifications"' in (await get(gateway, "/")).text


async def test_the_channels_are_named_without_their_addresses(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/v1/notification-channels", headers=bearer("all"))
    named = [{"name": "hook", "kind": "webhook"}, {"name": "mail", "kind": "mail"}]
    assert answer.json() == {"channels": named}

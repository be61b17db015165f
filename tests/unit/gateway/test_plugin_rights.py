"""Who may do what on the page of a plugin: what would be refused is not offered, and refused anyway."""

from pathlib import Path

import pytest

from taskmanager.model.access import Role
from taskmanager.model.jobs import GoobiReference, JobError
from taskmanager.model.states import Status
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.reader import FakeReader

from .access import csrf, log_in, user
from .conftest import MOMENT, Gateway, job

HTMX = {"hx-request": "true", "accept-language": "en", "accept": "text/html"}
COMMANDS = ("stop", "restart", "refuse", "accept", "limit")
CHOICE = {"action": "cancel", "listing": "tab=queue", "counted": "2026-11-23T12:00:00+00:00", "key": "k"}


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("vera", Role.VIEWER))
    made.put_user(user("otto", Role.OPERATOR))
    made.put_user(user("petra", Role.OPERATOR, plugins=("jp2",)))
    return made


@pytest.fixture(autouse=True)
def jobs(reader: FakeReader) -> None:
    error = JobError(message="the image is damaged", kind="ToolFailedError")
    for plugin, start in (("noop", 0), ("jp2", 10)):
        reader.put(job(start + 1, plugin, title=f"{plugin} waits"))
        reader.put(job(start + 2, plugin, status=Status.ERROR, title="failed", finished=MOMENT, error=error))


async def page(gateway: Gateway, address: str) -> str:
    answer = await gateway.client.get(address, headers={"accept": "text/html", "accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.text


def offered(html: str) -> list[str]:
    """What on the page changes something: boxes to choose by, and what opens a pop-up of an action."""
    marks = ("tm-choose", 'id="bulk"', "choose-page", "cancel-jobs", *(f'/{one}"' for one in COMMANDS))
    acts = ('/cancel"', '/hold"', '/priority"', '/next"', '/retry"')
    return [mark for mark in (*marks, *acts) if mark in html]


@pytest.mark.parametrize("tab", ["queue", "done", "error"])
async def test_who_only_looks_is_offered_no_boxes_and_no_actions(gateway: Gateway, tab: str) -> None:
    await log_in(gateway, "vera")
    assert not offered(await page(gateway, f"/plugins/noop?tab={tab}"))
    renewed = await gateway.client.get(f"/ui/plugins/noop/head?tab={tab}", headers=HTMX)
    assert (renewed.status_code, offered(renewed.text)) == (200, [])
    form = {"shown": job(1).id, "changed": job(1).id, "tab": "queue", "csrf": await csrf(gateway)}
    rows = await gateway.client.post("/ui/plugins/noop/rows", data=form, headers=HTMX)
    assert rows.status_code == 200, rows.text
    assert "noop waits" in rows.text
    assert not offered(rows.text)


async def test_an_operator_is_offered_them(gateway: Gateway) -> None:
    await log_in(gateway, "otto")
    found = offered(await page(gateway, "/plugins/noop"))
    assert {"tm-choose", 'id="bulk"', "choose-page", '/cancel"', '/stop"'} <= set(found)


@pytest.mark.parametrize("name", ["vera", "petra"])
@pytest.mark.parametrize("command", [*COMMANDS, "bulk/start"])
async def test_a_forged_change_is_refused(gateway: Gateway, name: str, command: str) -> None:
    await log_in(gateway, name)
    form = {**CHOICE, "csrf": await csrf(gateway)} if "/" in command else {"csrf": await csrf(gateway)}
    answer = await gateway.client.post(f"/ui/plugins/noop/{command}", data=form, headers=HTMX)
    assert answer.status_code == 403, answer.text
    assert not gateway.scheduler.commands


@pytest.mark.parametrize("name", ["vera", "petra"])
@pytest.mark.parametrize("pop_up", [*COMMANDS, "cancel-jobs"])
async def test_a_pop_up_is_refused_before_anybody_types(gateway: Gateway, name: str, pop_up: str) -> None:
    await log_in(gateway, name)
    answer = await gateway.client.get(f"/ui/plugins/noop/{pop_up}", headers=HTMX)
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("part", ["/plugins/noop", "/ui/plugins/noop/head", "/ui/plugins/noop/matching"])
async def test_a_plugin_out_of_reach_is_refused(gateway: Gateway, part: str) -> None:
    await log_in(gateway, "petra")
    assert (await gateway.client.get(part, headers=HTMX)).status_code == 403
    assert "jp2 waits" in await page(gateway, "/plugins/jp2")


async def test_rows_of_a_plugin_out_of_reach_are_refused_and_never_come_by_another_s_address(
    gateway: Gateway,
) -> None:
    await log_in(gateway, "petra")
    form = {"shown": job(1).id, "changed": job(1).id, "tab": "queue", "csrf": await csrf(gateway)}
    answer = await gateway.client.post("/ui/plugins/noop/rows", data=form, headers=HTMX)
    assert answer.status_code == 403
    answer = await gateway.client.post("/ui/plugins/jp2/rows", data=form, headers=HTMX)
    assert answer.status_code == 200
    assert "noop waits" not in answer.text


@pytest.mark.parametrize("command", [*COMMANDS, "bulk", "bulk/start"])
async def test_a_change_without_the_proof_of_our_own_page_is_refused(gateway: Gateway, command: str) -> None:
    await log_in(gateway, "otto")
    answer = await gateway.client.post(f"/ui/plugins/noop/{command}", data=CHOICE, headers=HTMX)
    assert answer.status_code == 403
    assert not gateway.scheduler.commands


@pytest.mark.parametrize(
    "address", ["/processes/17", "/api/v1/processes/17", "/processes?q=atlas", "/ui/processes/17/list"]
)
async def test_a_process_has_only_the_jobs_of_plugins_within_reach(
    gateway: Gateway, reader: FakeReader, address: str
) -> None:
    for number, plugin in ((30, "noop"), (31, "jp2")):
        title = f"atlas_{plugin}"
        reader.put(job(number, plugin, goobi=GoobiReference(process_id=17, process_title=title)))
    await log_in(gateway, "petra")
    shown = (await gateway.client.get(address, headers={"accept-language": "en"})).text
    assert job(31).id in shown or "atlas_jp2" in shown
    assert job(30).id not in shown
    assert "atlas_noop" not in shown

"""Notes on jobs, processes and plugins: who leaves and removes them, where they are shown, and the audit."""

from pathlib import Path

import pytest
from tests.unit.notifications.samples import NOW

from taskmanager.messages import Command, CommandResult
from taskmanager.model.access import Role
from taskmanager.model.jobs import GoobiReference
from taskmanager.model.user_content.notes import NOTE_LIMIT
from taskmanager.ports.store import Snapshot
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.web.audit.audit_rows import audited_action
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_testing.access import FakeAccess

from .access import csrf, log_in, user
from .conftest import Gateway, installed, job

SCRIPT = "<script>document.title='owned'</script>"
THINGS = (f"/api/v1/jobs/{job(1, 'jp2').id}", "/api/v1/plugins/jp2", "/api/v1/processes/17")


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("vera", Role.VIEWER))
    made.put_user(user("otto", Role.OPERATOR))
    made.put_user(user("petra", Role.OPERATOR, plugins=("jp2",)))
    made.put_user(user("paul", Role.OPERATOR, plugins=("ocr",)))
    return made


@pytest.fixture(autouse=True)
def stored(gateway: Gateway) -> None:
    gateway.reader.put(job(1, "jp2", goobi=GoobiReference(process_id=17)))
    for name in ("jp2", "ocr"):
        gateway.reader.install(installed(name))

    def obey(command: Command) -> CommandResult | None:
        decision = decide((command,), Snapshot(), NOW)
        gateway.reader.known_notes |= {note.id: note for note in decision.notes}
        for gone in decision.removed_notes:
            gateway.reader.known_notes.pop(gone, None)
        gateway.reader.audited += decision.audit
        return None

    gateway.scheduler.obey = obey


async def send(gateway: Gateway, method: str, path: str, **body: str) -> int:
    headers = {"X-CSRF-Token": await csrf(gateway)}
    return (await gateway.client.request(method, path, headers=headers, json=body or None)).status_code


async def notes(gateway: Gateway, thing: str) -> list[str]:
    answer = await gateway.client.get(f"{thing}/notes")
    return [one["text"] for one in answer.json()["notes"]] if answer.status_code == 200 else ["refused"]


@pytest.mark.parametrize("thing", THINGS)
async def test_a_note_is_left_shown_and_removed_and_the_audit_keeps_it(gateway: Gateway, thing: str) -> None:
    await log_in(gateway, "otto")
    assert await send(gateway, "POST", f"{thing}/notes", text="waiting for\nnew disks") == 200
    assert await notes(gateway, thing) == ["waiting for\nnew disks"]
    [note] = gateway.reader.known_notes.values()
    assert (note.by, note.at) == ("otto", NOW)
    assert await send(gateway, "DELETE", f"/api/v1/notes/{note.id}") == 200
    assert await notes(gateway, thing) == []
    assert await send(gateway, "DELETE", f"/api/v1/notes/{note.id}") == 404
    told = [audited_action(entry.asked) for entry in gateway.reader.audited]
    assert [one.kind for one in told] == ["add_note", "remove_note"]
    assert told[0].values["text"] == "waiting for\nnew disks"
    assert {entry.plugin for entry in gateway.reader.audited} == {None if "processes" in thing else "jp2"}


@pytest.mark.parametrize("thing", THINGS)
async def test_who_only_looks_sees_notes_and_leaves_none(gateway: Gateway, thing: str) -> None:
    await log_in(gateway, "vera")
    assert await send(gateway, "POST", f"{thing}/notes", text="x") == 403
    assert await notes(gateway, thing) == []
    assert not gateway.scheduler.commands


@pytest.mark.parametrize("thing", THINGS)
async def test_notes_on_what_is_out_of_reach_are_not_there(gateway: Gateway, thing: str) -> None:
    await log_in(gateway, "petra")
    assert await send(gateway, "POST", f"{thing}/notes", text="for petra") == 200
    [note] = gateway.reader.known_notes.values()
    gateway.client.cookies.clear()
    await log_in(gateway, "paul")
    assert await notes(gateway, thing) == ["refused"]
    assert await send(gateway, "POST", f"{thing}/notes", text="x") in {403, 404}
    assert await send(gateway, "DELETE", f"/api/v1/notes/{note.id}") in {403, 404}
    assert len(gateway.scheduler.commands) == 1


@pytest.mark.parametrize("text", ["", "  ", "x" * (NOTE_LIMIT + 1), "bell\x07", "right\u202eleft"])
async def test_what_is_no_plain_text_is_refused(gateway: Gateway, text: str) -> None:
    await log_in(gateway, "otto")
    headers = {"X-CSRF-Token": await csrf(gateway)}
    answer = await gateway.client.post(f"{THINGS[1]}/notes", headers=headers, json={"text": text})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(("on", "key"), [("job", job(1, "jp2").id), ("plugin", "jp2"), ("process", "/17")])
async def test_the_part_of_a_page_shows_notes_as_text_and_offers_what_one_may(
    gateway: Gateway, on: str, key: str
) -> None:
    await log_in(gateway, "otto")
    form = {"csrf": await csrf(gateway), "on": on, "key": key, "text": f"{SCRIPT}\r\nsecond line"}
    headers = {"hx-request": "true", "accept-language": "de"}
    saved = await gateway.client.post("/ui/notes", data=form, headers=headers)
    assert "tm-notes" in saved.headers["hx-trigger"], saved.text
    part = await gateway.client.get("/ui/notes", params={"on": on, "key": key}, headers=headers)
    assert "&lt;script&gt;" in part.text
    assert "<script>" not in part.text
    assert "Notiz hinterlassen" in part.text
    [note] = gateway.reader.known_notes.values()
    assert note.text == f"{SCRIPT}\nsecond line"
    gateway.client.cookies.clear()
    await log_in(gateway, "vera")
    seen = (await gateway.client.get("/ui/notes", params={"on": on, "key": key}, headers=headers)).text
    assert "&lt;script&gt;" in seen
    assert "<form" not in seen


@pytest.mark.parametrize(
    ("address", "part"),
    [
        (f"/jobs/{job(1, 'jp2').id}", f"/ui/notes?on=job&amp;key={job(1, 'jp2').id}"),
        ("/plugins/jp2", "/ui/notes?on=plugin&amp;key=jp2"),
        ("/processes/17", "/ui/notes?on=process&amp;key=/17"),
    ],
)
async def test_each_page_asks_for_the_notes_on_its_thing(gateway: Gateway, address: str, part: str) -> None:
    await log_in(gateway, "vera")
    page = await gateway.client.get(address, headers={"accept": "text/html"})
    assert f'hx-get="{part}"' in page.text
    assert (await gateway.client.get(part.replace("&amp;", "&"))).status_code == 200

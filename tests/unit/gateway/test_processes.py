"""A process of Goobi: its page, its API, the search for it, and the links between Goobi and here."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.model.jobs import GoobiReference, Job, JobError
from taskmanager.model.states import Status
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.settings import GatewaySettings

SETTINGS = """
default = "main"
[installations.main]
dialect = "core"
url = "https://goobi.example.org/goobi"
process_page = "https://goobi.example.org/goobi/process/{process_id}"
step_page = "https://goobi.example.org/goobi/step/{step_id}?of={process_title}"
[installations.maps]
dialect = "core"
url = "https://maps.example.org/goobi"
"""
SCRIPT = "<script>document.title='owned'</script>"


@pytest.fixture
def settings(roots: Path, tmp_path: Path) -> GatewaySettings:
    file = tmp_path / "goobi.toml"
    file.write_text(SETTINGS)
    return GatewaySettings(roots=str(roots), goobi=file, access=AccessMode.OFF)


def put(gateway: Gateway, number: int, plugin: str = "noop", process: int = 17, **fields: Any) -> Job:
    reference = {"process_id": process, "step_id": 42, "process_title": "atlas_17"}
    reference |= fields.pop("goobi", {})
    one = job(
        number,
        plugin,
        goobi=GoobiReference(**reference),
        created=MOMENT + timedelta(seconds=number),
        **fields,
    )
    gateway.reader.put(one)
    return one


async def get(gateway: Gateway, address: str, language: str = "en") -> httpx.Response:
    return await gateway.client.get(address, headers={"accept": "text/html", "accept-language": language})


def order(text: str, *jobs: Job) -> list[int]:
    return [text.index(f'href="/jobs/{one.id}"') for one in jobs]


async def test_the_page_has_all_jobs_of_the_process_over_all_plugins_newest_first(gateway: Gateway) -> None:
    gateway.reader.install(installed("noop"))
    gateway.reader.install(installed("ocr"))
    first, second = put(gateway, 1, "noop", status=Status.DONE), put(gateway, 2, "ocr")
    third = put(gateway, 3, "ocr", goobi={"installation": "main"})
    put(gateway, 4, process=18)
    put(gateway, 5, goobi={"installation": "maps"})
    shown = (await get(gateway, "/processes/17")).text
    places = order(shown, third, second, first)
    assert places == sorted(places)
    assert job(4).id not in shown
    assert job(5).id not in shown
    assert "atlas_17" in shown
    assert 'href="https://goobi.example.org/goobi/process/17"' in shown
    assert 'href="https://goobi.example.org/goobi/step/42?of=atlas_17"' in shown


async def test_a_process_of_another_installation_has_an_address_of_its_own(gateway: Gateway) -> None:
    put(gateway, 1)
    other = put(gateway, 2, goobi={"installation": "maps"})
    page = (await get(gateway, "/processes/17?installation=maps")).text
    assert other.id in page
    assert job(1).id not in page
    assert "Open in Goobi" not in page  # no template for that installation
    assert 'href="/processes/17?installation=maps"' in (await get(gateway, f"/jobs/{other.id}")).text


async def test_a_step_narrows_the_list_and_says_so(gateway: Gateway) -> None:
    put(gateway, 1)
    other = put(gateway, 2, goobi={"step_id": 43})
    shown = (await get(gateway, "/processes/17?step=43", "de")).text
    assert other.id in shown
    assert job(1).id not in shown
    assert "Nur Jobs des Schritts 43." in shown
    assert 'href="/processes/17"' in shown


async def test_the_links_of_a_job_lead_to_its_process_here_and_to_goobi(gateway: Gateway) -> None:
    one = put(gateway, 1)
    shown = (await get(gateway, f"/jobs/{one.id}")).text
    assert 'href="/processes/17"' in shown
    assert 'href="https://goobi.example.org/goobi/process/17" rel="noreferrer"' in shown
    assert 'href="https://goobi.example.org/goobi/step/42?of=atlas_17" rel="noreferrer"' in shown


async def test_a_chain_shows_each_job_s_place_and_a_failure_its_message(gateway: Gateway) -> None:
    ids = (job(1).id, job(2).id)
    put(gateway, 1, status=Status.ERROR, error=JobError(message="no space left", kind="E"), chain=ids)
    put(gateway, 2, status=Status.PAUSED, chain=ids, follows=ids[0])
    gateway.reader.install(installed("noop"))
    shown = (await get(gateway, "/processes/17")).text
    assert "1 of 2" in shown
    assert "2 of 2" in shown
    assert "no space left" in shown


async def test_nothing_of_a_process_becomes_markup(gateway: Gateway) -> None:
    put(gateway, 1, goobi={"process_title": SCRIPT}, title=SCRIPT, template=SCRIPT)
    for address in (
        "/processes/17",
        "/processes?q=script",
        f"/processes?q={SCRIPT}",
        "/ui/processes/17/list",
    ):
        shown = await get(gateway, address)
        assert "<script>document" not in shown.text, address


async def test_an_unknown_process_and_a_mistyped_address_still_have_a_page(gateway: Gateway) -> None:
    assert "No job of this process is known here." in (await get(gateway, "/processes/99")).text
    odd = await get(gateway, "/processes/17?installation=%20Main!&step=x")
    assert odd.status_code == 200
    assert "installation, step" in odd.text
    assert (await get(gateway, "/processes/seventeen")).status_code == 422
    assert (await get(gateway, f"/processes/{2**63}")).status_code == 422


async def test_pages_of_a_long_process_follow_one_another_without_gap(gateway: Gateway) -> None:
    jobs = [put(gateway, number) for number in range(1, 121)]
    seen: list[str] = []
    address = "/api/v1/processes/17?limit=50"
    while address:
        view = (await gateway.client.get(address)).json()
        seen += [one["id"] for one in view["jobs"]]
        address = view["links"].get("next")
    assert seen == [one.id for one in reversed(jobs)]
    assert 'rel="next"' in (await get(gateway, "/processes/17")).text
    wrong = await gateway.client.get("/api/v1/processes/17?cursor=x")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:taskmanager:problem:invalid-cursor")


async def test_the_api_says_the_same_as_the_page(gateway: Gateway) -> None:
    put(gateway, 1)
    put(gateway, 2, goobi={"step_id": None})
    view = (await gateway.client.get("/api/v1/processes/17")).json()
    assert [one["id"] for one in view["jobs"]] == [job(2).id, job(1).id]
    assert (view["process_id"], view["installation"], view["process_title"]) == (17, "main", "atlas_17")
    assert view["page"] == "/processes/17"
    assert view["goobi"] == {
        "process": "https://goobi.example.org/goobi/process/17",
        "steps": {"42": "https://goobi.example.org/goobi/step/42?of=atlas_17"},
    }
    other = (await gateway.client.get("/api/v1/processes/17?installation=maps")).json()
    assert (other["jobs"], other["page"]) == ([], "/processes/17?installation=maps")


async def test_the_search_leads_to_a_process_by_its_id_or_by_words(gateway: Gateway) -> None:
    put(gateway, 1)
    put(gateway, 2)
    put(gateway, 3, process=18, goobi={"installation": "maps", "process_title": "atlas_18"})
    put(gateway, 4, process=19, goobi={"process_title": "zoologia"})
    by_id = await gateway.client.get("/processes?q=17", follow_redirects=False)
    assert (by_id.status_code, by_id.headers["location"]) == (303, "/processes/17")
    shown = (await get(gateway, "/processes?q=atl")).text
    assert 'href="/processes/17"' in shown
    assert 'href="/processes/18?installation=maps"' in shown
    assert "zoologia" not in shown
    assert "No process matches." in (await get(gateway, "/processes?q=nothing")).text
    assert "No process matches." not in (await get(gateway, "/processes")).text

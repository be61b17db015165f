"""What people read in place of codes and English titles, and what the icon of the tab tells."""

from dataclasses import replace

import pytest
from tests.unit.gateway.conftest import Gateway, installed, job

from taskmanager.model.jobs import JobError
from taskmanager.model.manifest import PluginManifest, title_texts
from taskmanager.model.states import Status, Tab
from taskmanager.model.waiting import WaitingCode
from taskmanager_gateway.plugins.views import PluginState
from taskmanager_gateway.web.jobs.rows import COMMON_FROM, Row, common_reason
from taskmanager_gateway.web.shell.menu_items import PluginItem, State, state_of

ENGLISH = {"accept": "text/html", "accept-language": "en"}
GERMAN = {"accept": "text/html", "accept-language": "de"}
QUIET = PluginItem("jp2", "JPEG 2000", 0, 0, 0, PluginState.RUNNING, refuses=False, alive=1)
READING = PluginManifest(
    name="reader",
    title="Reading",
    job_type="READER",
    templates=("fast", "slow"),
    template_default="fast",
    texts=title_texts(
        ("Reading", {"de": "Texterkennung"}), [("In a hurry", {"de": "Eilig"}), ("Slowly", {})]
    ),
)


@pytest.fixture
def reading(gateway: Gateway) -> Gateway:
    """A gateway with a plugin that has titles in both languages."""
    gateway.reader.install(installed("reader").altered(manifest=READING))
    return gateway


@pytest.mark.parametrize(
    "address", ["/", "/plugins/reader", "/new-job", "/new-job/reader", "/runners", "/ui/menu?here=/"]
)
async def test_a_plugin_is_called_by_its_title_in_the_language_of_the_reader(
    reading: Gateway, address: str
) -> None:
    german = (await reading.client.get(address, headers=GERMAN)).text
    english = (await reading.client.get(address, headers=ENGLISH)).text
    assert "Texterkennung" in german
    assert "Reading" not in german
    assert "Reading" in english
    assert "Texterkennung" not in english


async def test_templates_are_offered_with_their_titles(reading: Gateway) -> None:
    page = (await reading.client.get("/new-job/reader", headers=GERMAN)).text
    assert '<option value="fast">fast: Eilig</option>' in page
    assert '<option value="slow">slow: Slowly</option>' in page


async def test_a_job_says_its_status_in_words_and_as_a_code(reading: Gateway) -> None:
    reading.reader.put(job(1, "reader"))
    page = (await reading.client.get(f"/jobs/{job(1).id}", headers=GERMAN)).text
    assert '<span class="tm-status tm-status-started"' in page
    assert ">wartet</span>" in page
    assert ">STARTED</code>" in page
    assert "fast: Eilig (Vorgabe des Plugins)" in page


async def test_a_kind_of_error_is_said_in_words_and_as_a_code(reading: Gateway) -> None:
    for number, kind in enumerate(("ToolFailedError", "OwnError")):
        error = JobError(message="m", kind=kind)
        reading.reader.put(job(number, "reader", status=Status.ERROR, error=error))
    known = (await reading.client.get(f"/jobs/{job(0).id}", headers=GERMAN)).text
    assert 'ein Programm ist gescheitert <code class="tm-code">ToolFailedError</code>' in known
    other = (await reading.client.get(f"/jobs/{job(1).id}", headers=GERMAN)).text
    assert '<code class="tm-code">OwnError</code>' in other


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([], State.QUIET),
        ([QUIET], State.QUIET),
        ([QUIET, replace(QUIET, running=1)], State.WORKING),
        ([replace(QUIET, running=1), replace(QUIET, failed=2)], State.FAILED),
        ([replace(QUIET, failed=2), replace(QUIET, state=PluginState.STOPPED)], State.STOPPED),
        ([replace(QUIET, failed=2), replace(QUIET, queued=1, alive=0)], State.STOPPED),
        ([replace(QUIET, alive=0)], State.QUIET),
    ],
)
def test_the_icon_tells_the_most_urgent_state(items: list[PluginItem], state: State) -> None:
    assert state_of(items) is state


def rows(**numbers: int) -> list[Row]:
    return [
        Row(job(number, status=Status.STARTED), Tab.QUEUE, WaitingCode(code))
        for code, count in numbers.items()
        for number in range(count)
    ]


def test_a_reason_that_most_rows_share_is_said_once() -> None:
    assert common_reason(rows(limit_reached=COMMON_FROM, held=2)) is WaitingCode.LIMIT_REACHED
    assert common_reason(rows(limit_reached=COMMON_FROM - 1)) is None
    assert common_reason([]) is None


async def test_rows_that_are_renewed_do_not_repeat_the_common_reason(gateway: Gateway) -> None:
    gateway.reader.install(installed("noop"))
    for number in range(COMMON_FROM):
        gateway.reader.put(job(number))
    page = (await gateway.client.get("/plugins/noop", headers=ENGLISH)).text
    assert page.count("no runner is alive") >= 1
    assert '<span class="tm-why">' not in page
    form = {"shown": job(0).id, "changed": job(0).id, "tab": "queue"}
    renewed = await gateway.client.post(
        "/ui/plugins/noop/rows", data=form | {"common": "no_runner"}, headers=ENGLISH
    )
    assert '<span class="tm-why">' not in renewed.text
    alone = await gateway.client.post("/ui/plugins/noop/rows", data=form, headers=ENGLISH)
    assert "no runner is alive" in alone.text

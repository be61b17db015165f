"""The search over everything: what a text may mean, what is found, and within whose reach."""

import re
from zoneinfo import ZoneInfo

import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import GoobiReference, JobError
from taskmanager.model.queries import FOUND_LIMIT, FoundIn, FoundJobs
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.web.search.findings import findings
from taskmanager_gateway.web.search.search_wishes import SearchKind, named, search_wishes
from taskmanager_gateway.web.shell.formats import Formats
from taskmanager_gateway.web.shell.menu_items import plugin_items, state_of
from taskmanager_gateway.web.shell.plugin_overview import Overview
from taskmanager_gateway.web.shell.templating import Templates
from taskmanager_testing.reader import FakeReader

HTMX = {"hx-request": "true", "accept-language": "en"}
BROWSER = {"accept": "text/html", "accept-language": "en"}
ANYBODY = Principal("anna", frozenset(Right))
SCRIPT = "<script>alert(1)</script>"


def fill(gateway: Gateway) -> None:
    for number in range(8):
        gateway.reader.put(job(number, title=f"Kirchenbuch {number}", goobi=GoobiReference(process_id=4711)))
    failed = JobError(message=f"disk is full {SCRIPT}", kind="OSError")
    gateway.reader.put(job(20, "jp2", Status.ERROR, finished=MOMENT, title=SCRIPT, error=failed))
    gateway.reader.known_runners["werk-1"] = RunnerState(
        id="werk-1",
        instance="i",
        plugin="jp2",
        host="kirche",
        version="1",
        slots=1,
        transfers=1,
        busy=0,
        started_at=MOMENT,
        last_heartbeat=MOMENT,
    )


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("!?", []),
        ("kirchenbuch", [SearchKind.TEXT, SearchKind.ERROR]),
        ("4711", [SearchKind.PROCESS, SearchKind.TEXT, SearchKind.ERROR]),
        ("0" * 19, [SearchKind.ID, SearchKind.TEXT, SearchKind.ERROR]),
        ("019A0000-00", [SearchKind.ID, SearchKind.TEXT, SearchKind.ERROR]),
        ("٤٧١١", [SearchKind.TEXT, SearchKind.ERROR]),  # digits, but of no process id
    ],
)
def test_a_text_may_mean_several_things(text: str, kinds: list[SearchKind]) -> None:
    assert [wish.kind for wish in search_wishes(text, ANYBODY)] == kinds


def test_a_search_stays_within_the_reader_s_plugins() -> None:
    restricted = Principal("rita", frozenset({Right.READ}), frozenset({"jp2", "ocr"}))
    assert {wish.chosen.plugins for wish in search_wishes("4711", restricted)} == {("jp2", "ocr")}


def test_every_word_has_to_be_in_one_of_the_names() -> None:
    assert named("JPEG 2", ("jp2", "JPEG 2000"))
    assert not named("jpeg ocr", ("jp2", "JPEG 2000"))
    assert not named(" ", ("jp2",))


def test_all_jobs_of_one_tab_are_listed_there_and_ids_nowhere() -> None:
    found = FoundJobs(places=(FoundIn(plugin="jp2", tab=Tab.DONE, jobs=7),), capped=True)
    by_id, by_words, _ = search_wishes("abcdef01", ANYBODY)
    made = findings("abcdef01", [(by_id, found), (by_words, found)], Overview(), ANYBODY)
    assert made.jobs[0].only_place is None
    assert made.jobs[1].only_place is not None
    assert made.jobs[1].only_place.address == "/plugins/jp2?tab=done&q=abcdef01"
    assert (made.count, made.capped, made.incomplete) == (14, True, False)
    several = findings("x", [(by_words, None)], Overview(), ANYBODY)
    assert (several.count, several.incomplete) == (0, True)


async def test_findings_are_grouped_counted_and_led_on(gateway: Gateway) -> None:
    fill(gateway)
    below = (await gateway.client.get("/ui/search?q=kirche", headers=HTMX)).text
    assert below.count('role="option"') == 5 + 1 + 1  # five jobs, all jobs, one runner
    assert '<span class="tm-found-count">8</span>' in below
    assert 'href="/plugins/noop?tab=queue&amp;q=kirche"' in below
    assert 'href="/runners#runner-werk-1"' in below
    assert "9 findings" in below
    page = (await gateway.client.get("/search?q=kirche", headers=BROWSER)).text
    assert page.count('hx-get="/ui/jobs/') == 8


async def test_a_job_is_found_by_process_id_message_and_by_its_own_id(gateway: Gateway) -> None:
    fill(gateway)
    for text, href in (
        ("4711", f"/jobs/{job(7).id}"),
        ("ful DISK", f"/jobs/{job(20).id}"),
        (job(3).id.upper(), f"/jobs/{job(3).id}"),
        (job(3).id[:9], f"/jobs/{job(20).id}"),  # one of those whose ids begin so, the last one
        ("noop", "/plugins/noop"),
    ):
        for path, headers in (("/ui/search", HTMX), ("/search", BROWSER)):
            found = (await gateway.client.get(path, params={"q": text}, headers=headers)).text
            assert f'href="{href}"' in found, text
            assert SCRIPT not in found


async def test_nothing_is_said_to_be_found_where_nothing_is(gateway: Gateway) -> None:
    for text in ("nowhere", "..."):
        found = (await gateway.client.get("/ui/search", params={"q": text}, headers=HTMX)).text
        assert "Nothing was found." in found
        assert "option" not in found


async def test_a_store_that_does_not_answer_in_time_is_told(gateway: Gateway) -> None:
    fill(gateway)
    await gateway.client.get("/", headers=BROWSER)  # the plugins are known
    gateway.reader.available = False
    found = (await gateway.client.get("/ui/search?q=noop", headers=HTMX)).text
    assert "Not everything could be searched in time" in found
    assert 'href="/plugins/noop"' in found


async def test_more_than_is_counted_is_marked(gateway: Gateway) -> None:
    for number in range(FOUND_LIMIT + 1):
        gateway.reader.put(job(number, title="Band"))
    gateway.reader.install(installed("band"))
    found = (await gateway.client.get("/ui/search?q=band", headers=HTMX)).text
    assert '<span class="tm-found-count">1,000+</span>' in found
    assert "1,001+ findings" in found


async def test_every_page_has_the_box_and_the_palette_with_what_the_reader_may_do(gateway: Gateway) -> None:
    page = (await gateway.client.get("/runners", headers=BROWSER)).text
    assert 'id="find"' in page
    assert 'id="palette"' in page
    assert 'data-plugin="noop"\n    data-acts="new stop refuse limit"' in page
    assert 'data-plugin="closed"\n    data-acts="new stop accept limit"' in page
    assert "Esc" in (await gateway.client.get("/ui/keys", headers=HTMX)).text


def test_the_menu_names_for_each_plugin_only_what_the_reader_may_do(reader: FakeReader) -> None:
    templates = Templates({"state_of": state_of})
    seen = [PluginView.of(one, [], []) for one in reader.installed.values()]
    acts = {}
    for rights in ({Right.READ}, {Right.READ, Right.SUBMIT}, {Right.READ, Right.OPERATE}):
        who = Principal("vera", frozenset(rights), frozenset({"noop"}))
        menu = {"menu": plugin_items(seen, who), "who": who, "path": "/", "f": Formats("en", ZoneInfo("UTC"))}
        acts[len(rights), Right.SUBMIT in rights] = re.findall(
            r'data-acts="(.*?)"', templates.render("menu.html", "en", menu)
        )
    assert acts == {(1, False): [""], (2, True): ["new"], (2, False): ["stop refuse limit"]}

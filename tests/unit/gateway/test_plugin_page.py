"""The page of a plugin: its list, what stands around it, what can be done, and what that costs."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.messages import Change, Changes, PluginCommand, StartOperation
from taskmanager.model.control import PluginAction
from taskmanager.model.jobs import GoobiReference, Job, JobError
from taskmanager.model.queries import IDS_LIMIT, Sort, SortOrder
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.web.plugins import known_files
from taskmanager_gateway.web.plugins.listing import FILTERS, PluginListAddress
from taskmanager_gateway.web.shell import plugin_overview

BROWSER = {"accept": "text/html", "accept-language": "en"}
HTMX = {"hx-request": "true", "accept-language": "en"}
SCRIPT = "<script>alert(1)</script>"


async def read(gateway: Gateway, address: str, **headers: str) -> str:
    answer = await gateway.client.get(address, headers={**BROWSER, **headers})
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_each_tab_lists_its_jobs_escaped(gateway: Gateway) -> None:
    gateway.reader.put(job(1, title=SCRIPT))
    gateway.reader.put(job(2, status=Status.DONE, title="a done one", finished=MOMENT))
    error = JobError(message=SCRIPT, kind="ToolFailedError")
    gateway.reader.put(job(3, status=Status.ERROR, title="a failed one", finished=MOMENT, error=error))
    for tab, title in (("queue", "&lt;script&gt;"), ("done", "a done one"), ("error", "a failed one")):
        page = await read(gateway, f"/plugins/noop?tab={tab}")
        assert title in page
        assert SCRIPT not in page


async def test_a_page_needs_a_handful_of_reads(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_overview, "FRESH_SECONDS", 60.0)  # on a slow machine as well
    for number in range(300):
        gateway.reader.put(job(number))
    await gateway.services.running.of("noop")  # read once for all pages
    gateway.reader.calls.clear()
    await read(gateway, "/plugins/noop")
    # five of them make the overview that all pages share; another finds whose files are known
    assert gateway.reader.calls.total() <= 8, gateway.reader.calls
    gateway.reader.calls.clear()
    ids = " ".join(job(number).id for number in range(50))
    form = {"shown": ids, "changed": ids, "tab": "queue", "in_turn": "true"}
    answer = await gateway.client.post("/ui/plugins/noop/rows", data=form, headers=HTMX)
    assert answer.text.count("data-job=") == 50
    assert gateway.reader.calls.total() <= 5, gateway.reader.calls


async def test_waiting_jobs_show_their_places(gateway: Gateway) -> None:
    for number in range(60):
        gateway.reader.put(job(number, queued_at=MOMENT + timedelta(seconds=number)))
    page = await read(gateway, "/plugins/noop?limit=25")
    assert f'data-place="{job(0).id}">1<' in page
    assert f'data-place="{job(24).id}">25<' in page


async def test_a_job_that_left_the_tab_is_shown_as_what_became_of_it(gateway: Gateway) -> None:
    gateway.reader.put(job(1, status=Status.DONE, finished=MOMENT))
    form = {"shown": job(1).id, "changed": f"{job(1).id} {job(2).id}", "tab": "queue"}
    answer = await gateway.client.post("/ui/plugins/noop/rows", data=form, headers=HTMX)
    assert "tm-left" in answer.text
    assert f'data-gone="{job(2).id}"' in answer.text


@pytest.mark.parametrize("cursor", ["nonsense", "W10="])
async def test_a_bad_cursor_leads_to_the_first_page_and_says_so(gateway: Gateway, cursor: str) -> None:
    gateway.reader.put(job(1, title="the first"))
    page = await read(gateway, f"/plugins/noop?cursor={cursor}")
    assert "the first" in page
    assert "That page of the list no longer exists" in page


async def test_what_cannot_be_read_is_left_out_and_named(gateway: Gateway) -> None:
    page = await read(gateway, "/plugins/noop?process=x&limit=7&sort=finished&tab=queue")
    assert "was ignored" in page


async def test_the_id_of_a_job_in_the_search_leads_to_it(gateway: Gateway) -> None:
    answer = await gateway.client.get(f"/plugins/noop?q={job(1).id}", headers=BROWSER)
    assert answer.headers["location"] == f"/jobs/{job(1).id}"


async def test_an_unknown_plugin_is_said_and_one_with_jobs_is_listed(gateway: Gateway) -> None:
    answer = await gateway.client.get("/plugins/nobody", headers=BROWSER)
    assert answer.status_code == 404
    assert (await gateway.client.get("/plugins/No%00body", headers=BROWSER)).status_code == 404
    gateway.reader.put(job(1, plugin="gone", title="left behind"))
    page = await read(gateway, "/plugins/gone")
    assert "left behind" in page
    assert "not installed" in page


async def test_no_match_offers_to_remove_the_filters(gateway: Gateway) -> None:
    assert "Remove filters" in await read(gateway, "/plugins/noop?q=nothing")
    german = await read(gateway, "/plugins/noop?q=nothing", **{"accept-language": "de"})
    assert "Keine Jobs gefunden" in german


async def test_a_stopped_plugin_says_who_when_and_why(gateway: Gateway) -> None:
    gateway.reader.install(installed("noop", paused=True))
    page = await read(gateway, "/plugins/noop")
    assert "This plugin is stopped" in page
    assert "By anna," in page
    assert "Restart plugin" in page


async def test_a_plugin_is_stopped_by_the_pop_up(gateway: Gateway) -> None:
    assert "Until" in (await gateway.client.get("/ui/plugins/noop/stop", headers=HTMX)).text
    form = {"mode": "finish", "reason": "cleaning", "until": "2036-01-01T12:00"}
    answer = await gateway.client.post("/ui/plugins/noop/stop", data=form, headers=HTMX)
    assert answer.status_code == 204
    sent = gateway.scheduler.commands[-1]
    assert isinstance(sent.order, PluginCommand)
    assert (sent.order.action, sent.reason) == (PluginAction.STOP, "cleaning")
    assert sent.order.until == datetime(2036, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("until", ["yesterday", "2001-01-01T12:00"])
async def test_a_stop_with_a_bad_end_is_refused(gateway: Gateway, until: str) -> None:
    answer = await gateway.client.post("/ui/plugins/noop/stop", data={"until": until}, headers=HTMX)
    assert answer.status_code == 422
    assert not gateway.scheduler.commands


@pytest.mark.parametrize("action", ["restart", "refuse", "accept"])
async def test_plain_commands_are_asked_once_and_sent(gateway: Gateway, action: str) -> None:
    assert "Reason" in (await gateway.client.get(f"/ui/plugins/noop/{action}", headers=HTMX)).text
    answer = await gateway.client.post(f"/ui/plugins/noop/{action}", data={"reason": ""}, headers=HTMX)
    assert answer.status_code == 204
    assert gateway.scheduler.commands[-1].order.action == action


@pytest.mark.parametrize(("value", "limit"), [("3", 3), ("", None)])
async def test_the_limit_is_set_and_taken_away(gateway: Gateway, value: str, limit: int | None) -> None:
    answer = await gateway.client.post("/ui/plugins/noop/limit", data={"max_running": value}, headers=HTMX)
    assert answer.status_code == 204
    order = gateway.scheduler.commands[-1].order
    assert isinstance(order, PluginCommand)
    assert order.max_running == limit


def started(gateway: Gateway) -> list[StartOperation]:
    return [sent.order for sent in gateway.scheduler.commands if isinstance(sent.order, StartOperation)]


def confirmed(**fields: Any) -> dict[str, Any]:
    return {"action": "cancel", "counted": "2026-11-23T12:00:00+00:00", "key": "k", **fields}


async def test_all_current_jobs_are_counted_and_cancelled_as_one_operation(gateway: Gateway) -> None:
    for number in range(3):
        gateway.reader.put(job(number))
    asked = await gateway.client.get("/ui/plugins/noop/cancel-jobs", headers=HTMX)
    assert "3 jobs are cancelled for good" in asked.text
    form = confirmed(listing="tab=queue", reason="wrong scans")
    answer = await gateway.client.post("/ui/plugins/noop/bulk/start", data=form, headers=HTMX)
    assert answer.status_code == 204
    (order,) = started(gateway)
    assert (order.filter.plugin, order.filter.tab) == ("noop", Tab.QUEUE)
    assert order.filter.created_before is not None
    assert order.operation in answer.headers["hx-trigger"]


async def test_many_chosen_jobs_become_several_operations(gateway: Gateway) -> None:
    ids = " ".join(job(number).id for number in range(IDS_LIMIT + 1))
    form = confirmed(ids=ids, action="priority", priority="9")
    answer = await gateway.client.post("/ui/plugins/noop/bulk/start", data=form, headers=HTMX)
    assert answer.status_code == 204, answer.text
    assert [len(order.filter.ids or ()) for order in started(gateway)] == [IDS_LIMIT, 1]
    assert {order.priority for order in started(gateway)} == {9}


@pytest.mark.parametrize("fields", [{}, {"ids": "a", "action": "priority"}])
async def test_a_choice_of_nothing_or_without_its_priority_is_refused(
    gateway: Gateway, fields: dict[str, str]
) -> None:
    form = confirmed(**fields)
    answer = await gateway.client.post("/ui/plugins/noop/bulk/start", data=form, headers=HTMX)
    assert answer.status_code == 422
    assert not started(gateway)


async def test_all_that_match_are_counted_by_the_filter(gateway: Gateway) -> None:
    gateway.reader.put(job(1, goobi=GoobiReference(process_id=7)))
    gateway.reader.put(job(2, goobi=GoobiReference(process_id=8)))
    answer = await gateway.client.get("/ui/plugins/noop/matching?process=7", headers=HTMX)
    assert "the one job that matches" in answer.text


async def test_a_huge_error_is_shown_in_part_and_given_whole(gateway: Gateway) -> None:
    message = "x" * 3_000_000
    error = JobError(message=message, kind="ToolFailedError", traceback="Traceback: line 1")
    gateway.reader.put(job(1, status=Status.ERROR, error=error, finished=MOMENT))
    shown = (await gateway.client.get(f"/ui/jobs/{job(1).id}/error", headers=HTMX)).text
    assert len(shown) < 100_000
    assert "Traceback: line 1" in shown
    whole = await gateway.client.get(f"/jobs/{job(1).id}/error.txt")
    assert message in whole.text
    assert whole.headers["content-type"].startswith("text/plain")


def test_an_address_says_what_it_must_and_reads_back() -> None:
    listing = PluginListAddress(
        tab=Tab.ERROR, q="straße & co", older=3600, sort=Sort.CREATED, order=SortOrder.ASC
    )
    dated = listing.at_moment(MOMENT)
    again, ignored = PluginListAddress.read(dated.parameters())
    assert (again, ignored) == (dated, [])
    assert PluginListAddress().address("noop") == "/plugins/noop"
    assert dated.first.at is None
    assert not dated.bare.filtered


def test_a_status_of_another_tab_is_left_out() -> None:
    listing, ignored = PluginListAddress.read({"tab": "done", "status": "ERROR"})
    assert (listing.status, ignored) == (None, ["status"])


def running(number: int, **fields: Any) -> Job:
    return job(number, status=Status.PROCESSING, owner="werk-1", **fields)


def change_of(before: Job, after: Job) -> Change:
    return Change(
        job=after.id,
        plugin=after.plugin,
        status=after.status,
        tab=after.tab,
        rev=after.rev,
        progress=after.progress,
        was=before.status,
    )


def order_of(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<tr id="job-[0-9-]{24}(\d{12})"', page)]


@pytest.mark.parametrize("query", ["", "?order=desc", "?q=atlas", "?priority_min=2"])
async def test_running_jobs_come_first_wherever_their_turn_is(gateway: Gateway, query: str) -> None:
    for number in (1, 2):
        gateway.reader.put(running(number, priority=3, title="Atlas"))
    for number in range(3, 60):
        gateway.reader.put(job(number, priority=9, title="Atlas"))
    shown = order_of(await read(gateway, f"/plugins/noop{query}"))
    assert set(shown[:2]) == {1, 2}
    assert len(shown) == len(set(shown))
    assert 48 <= len(shown) <= 50  # those two are left out where their turn is


async def test_further_pages_do_not_repeat_what_runs(gateway: Gateway) -> None:
    gateway.reader.put(running(1, priority=0))
    for number in range(2, 42):
        gateway.reader.put(job(number, priority=9))
    page = await read(gateway, "/plugins/noop?limit=25")
    further = re.search(r'rel="next"\s+href="([^"]+)"', page)
    assert further is not None
    second = order_of(await read(gateway, unescape(further[1])))
    assert order_of(page)[0] == 1
    assert sorted(order_of(page) + second) == list(range(1, 42))


async def test_a_job_that_begins_is_first_from_then_on(gateway: Gateway) -> None:
    for number in range(1, 4):
        gateway.reader.put(job(number, priority=9))
    late = job(4, priority=0)
    gateway.reader.put(late)
    assert order_of(await read(gateway, "/plugins/noop"))[-1] == 4
    began = running(4, priority=0, rev=1)
    gateway.reader.put(began)
    gateway.services.feed.take(Changes(changes=(change_of(late, began),)).encode())
    assert order_of(await read(gateway, "/plugins/noop"))[0] == 4


async def test_after_a_lost_connection_what_runs_is_read_again(gateway: Gateway) -> None:
    for number in (1, 2):
        gateway.reader.put(running(number))
    assert set(await gateway.services.running.of("noop")) == {job(1).id, job(2).id}
    gateway.reader.put(job(1, status=Status.DONE, finished=MOMENT))
    gateway.reader.put(running(3))
    gateway.services.feed.reconnected()
    assert set(await gateway.services.running.of("noop")) == {job(2).id, job(3).id}


@pytest.mark.parametrize(
    ("begun", "said"),
    [
        (0, "not known before a job begins"),
        (1, '24 <span class="tm-of">in 1 of 4 jobs</span>'),
        (4, "<dt>Files</dt><dd>96</dd>"),
    ],
)
async def test_what_is_not_known_of_files_is_not_called_none(gateway: Gateway, begun: int, said: str) -> None:
    for number in range(4):
        known: dict[str, Any] = {"files": 24, "bytes": 1_200_000} if number < begun else {}
        gateway.reader.put(job(number, **known))
    assert said in await read(gateway, "/plugins/noop")


async def test_a_tab_too_large_to_examine_says_whose_files_they_are(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_files, "EXAMINED_AT_MOST", 1)
    gateway.reader.put(job(1, files=24))
    gateway.reader.put(job(2))
    assert '24 <span class="tm-of">in jobs that have begun</span>' in await read(gateway, "/plugins/noop")
    assert not gateway.reader.calls["with_files"]


@pytest.mark.parametrize("query", ["q=atlas", "sort=created", "order=desc"])
async def test_waiting_jobs_show_their_places_in_every_list(gateway: Gateway, query: str) -> None:
    for number in range(1, 7):
        title = "Atlas" if number % 2 else "Bibel"
        gateway.reader.put(job(number, title=title, queued_at=MOMENT + timedelta(seconds=number)))
    page = await read(gateway, f"/plugins/noop?{query}")
    for number in (1, 3, 5):
        assert f'data-place="{job(number).id}">{number}<' in page


async def test_each_filter_is_a_chip_that_leads_to_the_list_without_it(gateway: Gateway) -> None:
    gateway.reader.put(job(1, title=SCRIPT, project="Karten"))
    asked = "/plugins/noop?q=alert&project=Karten&newer=86400&sort=created&limit=25"
    chips = (await read(gateway, asked)).partition('id="chips"')[2].partition("</ul>")[0]
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', chips)]
    assert links == [
        "/plugins/noop?project=Karten&newer=86400&sort=created&limit=25",
        "/plugins/noop?q=alert&newer=86400&sort=created&limit=25",
        "/plugins/noop?q=alert&project=Karten&sort=created&limit=25",
    ]
    assert 'id="chips"' not in await read(gateway, "/plugins/noop")


async def test_every_filter_has_a_chip_with_words_of_its_own(gateway: Gateway) -> None:
    said = set()
    for tab, query in (
        ("queue", "status=STARTED&process=1&older=60&priority_min=1&priority_max=9&restored=true"),
        (
            "error",
            "q=a&project=b&newer=60&warnings=true&error_group=f&error_text=c&ended_after=2026-01-01T00:00:00Z",
        ),
    ):
        page = await read(gateway, f"/plugins/noop?tab={tab}&{query}")
        chips = page.partition('id="chips"')[2].partition("</ul>")[0]
        said |= set(re.findall(r"filter: </span>([^<:]+)", chips))
    assert len(said) == len(FILTERS)


async def test_the_filter_offers_the_projects_of_the_plugin(gateway: Gateway) -> None:
    gateway.reader.put(job(1, project='"<Karten>'))
    gateway.reader.put(job(2, "jp2", project="Other"))
    offered = (await gateway.client.get("/ui/plugins/noop/projects", headers=HTMX)).text
    assert offered == '<option value="&#34;&lt;Karten&gt;"></option>'

"""Reading jobs, lists, plugins and runners."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from taskmanager.messages import Change, Changes, Submit
from taskmanager.model.jobs import HistoryEntry, Job, JobError
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Status, Tab

from .conftest import MOMENT, Gateway, job, until

UNKNOWN = "00000000-0000-4000-8000-000000009999"


def change(changed: Job, *, logged: bool = False) -> bytes:
    one = Change(
        job=changed.id,
        plugin=changed.plugin,
        status=changed.status,
        tab=changed.tab,
        rev=changed.rev,
        progress=changed.progress,
        logged=logged,
    )
    return Changes(changes=(one,)).encode()


async def ids(gateway: Gateway, **query: Any) -> list[int]:
    answer = await gateway.client.get("/api/v1/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return [int(shown["id"][-12:]) for shown in answer.json()["jobs"]]


async def test_a_job_just_accepted_is_found_on_any_gateway(gateways: tuple[Gateway, Gateway]) -> None:
    one, other = gateways
    accepted = await one.submit(title="Band 1")

    for gateway in (one, other):
        shown = await gateway.client.get(accepted.headers["Location"])
        assert shown.status_code == 200
        assert shown.json() | {"waiting": None} == accepted.json()


async def test_news_still_under_way_is_waited_for(gateway: Gateway) -> None:
    asking = asyncio.create_task(gateway.client.get(f"/api/v1/jobs/{UNKNOWN}"))
    await until(lambda: bool(gateway.services.watchers._waiting))
    stored = job(9999)
    gateway.reader.put(stored)
    gateway.services.feed.take(change(stored))

    assert (await asking).status_code == 200
    assert gateway.reader.calls["job"] == 2


async def test_a_job_nobody_knows_is_not_found_after_a_moment(gateway: Gateway) -> None:
    answer = await gateway.client.get(f"/api/v1/jobs/{UNKNOWN}")

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:taskmanager:problem:unknown-job"
    assert gateway.reader.calls["job"] == 1


@pytest.mark.parametrize("name", ["1", "x" * 3000, "..", "%00", "00000000-0000-4000-8000-00000000000Z"])
async def test_what_is_no_id_is_not_found_at_once(gateway: Gateway, name: str) -> None:
    assert (await gateway.client.get(f"/api/v1/jobs/{name}")).status_code == 404
    assert gateway.reader.calls["job"] == 0


async def test_an_accepted_job_is_shown_while_the_database_is_away(gateway: Gateway) -> None:
    accepted = await gateway.submit()
    gateway.reader.available = False

    assert (await gateway.client.get(accepted.headers["Location"])).json() == accepted.json()


async def test_a_stored_job_is_unavailable_not_unknown_while_the_database_is_away(gateway: Gateway) -> None:
    gateway.reader.available = False

    answer = await gateway.client.get(f"/api/v1/jobs/{UNKNOWN}")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:taskmanager:problem:store-unavailable"


async def test_what_is_stored_wins_over_what_was_accepted(gateway: Gateway) -> None:
    accepted = await gateway.submit()
    stored = job(1, status=Status.DONE).model_copy(update={"id": accepted.json()["id"]})
    gateway.reader.put(stored)

    assert (await gateway.client.get(accepted.headers["Location"])).json()["status"] == "DONE"


async def test_news_of_a_job_that_overtakes_its_acceptance_is_not_undone(gateway: Gateway) -> None:
    stored = job(5)
    gateway.services.feed.take(change(stored))
    gateway.services.feed.submitted(stored.id, gateway_submit(stored).encode())

    assert gateway.services.feed._recent.get(stored.id) is None


def gateway_submit(stored: Job) -> Submit:
    return Submit(job=stored.id, client="anonymous", submitted_at=MOMENT, spec=stored.spec)


async def test_a_failed_job_shows_everything_about_it(gateway: Gateway) -> None:
    failed = job(
        1,
        status=Status.ERROR,
        title="Band 1",
        priority=3,
        files=12,
        bytes=4096,
        attempt=2,
        owner="jp2-a",
        started_at=MOMENT,
        finished=MOMENT,
        error=JobError(message="no space", kind="disk-full", traceback="Traceback"),
    ).model_copy(update={"priority": 8})
    gateway.reader.put(failed)

    shown = (await gateway.client.get(f"/api/v1/jobs/{failed.id}")).json()

    assert shown["priority"] == 8
    assert (shown["tab"], shown["runner"], shown["attempt"], shown["files"]) == ("error", "jp2-a", 2, 12)
    told = {"message": "no space", "kind": "disk-full", "temporary": False, "traceback": "Traceback"}
    assert shown["error"] == told
    assert shown["links"]["log"] == f"/api/v1/jobs/{failed.id}/log"


async def test_the_history_of_a_job(gateway: Gateway) -> None:
    entry = HistoryEntry(at=MOMENT, status=Status.STARTED, attempt=0, note="submitted")
    gateway.reader.put(job(1, history=(entry,)))

    shown = (await gateway.client.get(f"/api/v1/jobs/{job(1).id}/history")).json()

    assert [item["note"] for item in shown["history"]] == ["submitted"]


async def test_a_tab_is_sorted_as_its_readers_expect(gateway: Gateway) -> None:
    later = MOMENT + timedelta(seconds=1)
    gateway.reader.put(job(1, priority=5))
    gateway.reader.put(job(2, priority=9, queued_at=later))
    gateway.reader.put(job(3, status=Status.DONE, finished=MOMENT))
    gateway.reader.put(job(4, status=Status.DONE, finished=later))
    gateway.reader.put(job(5, created=later))

    assert await ids(gateway, tab="queue") == [2, 1, 5]
    assert await ids(gateway, tab="done") == [4, 3]
    assert await ids(gateway, tab="done", order="asc") == [3, 4]
    assert await ids(gateway) == [5, 4, 3, 2, 1]
    assert await ids(gateway, sort="turn", tab="queue", order="desc") == [5, 1, 2]


async def test_a_list_is_filtered_by_everything_at_once(gateway: Gateway) -> None:
    gateway.reader.put(
        job(1, project="Newspapers", goobi={"process_id": 1, "process_title": "Amts-Blatt_1890"})
    )
    gateway.reader.put(job(2, project="Newspapers", goobi={"process_id": 2, "process_title": "Amtsblatt"}))
    gateway.reader.put(job(3, project="Maps", goobi={"process_id": 3, "process_title": "Amtsblatt"}))
    gateway.reader.put(job(4, plugin="jp2", project="Newspapers"))

    assert sorted(await ids(gateway, project="Newspapers", plugin="noop")) == [1, 2]
    assert await ids(gateway, process=3) == [3]
    assert await ids(gateway, text="blat 18") == [1]
    assert await ids(gateway, status="DONE") == []
    assert await ids(gateway, text="--") == []


async def test_pages_follow_each_other_without_gap_or_overlap(gateway: Gateway) -> None:
    for number in range(7):
        gateway.reader.put(job(number))
    seen: list[int] = []
    address: str | None = "/api/v1/jobs?limit=3&tab=queue"
    while address:
        page = (await gateway.client.get(address)).json()
        seen += [int(shown["id"][-12:]) for shown in page["jobs"]]
        address = page["links"].get("next")

    assert seen == list(range(7))


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "nonsense=1", "tab=q", "status=done", "sort=", "process=-1",
     "text=%00",      f"process={2**63}", "plugin=A", "cursor=" + "x" * 501],
)  # fmt: skip
async def test_a_wrong_query_is_refused(gateway: Gateway, query: str) -> None:
    answer = await gateway.client.get(f"/api/v1/jobs?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_an_order_no_index_serves_is_refused_with_the_reason(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/v1/jobs?sort=turn&tab=done")

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "query")
    assert error["message"].startswith("sort=turn needs tab=queue")


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "W10=", "%F0%9F%98%80"])
async def test_a_cursor_of_another_list_is_refused(gateway: Gateway, cursor: str) -> None:
    answer = await gateway.client.get(f"/api/v1/jobs?cursor={cursor}")

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:taskmanager:problem:invalid-cursor")


async def test_a_plugin_shows_counts_volumes_and_runners(gateway: Gateway) -> None:
    gateway.reader.put(job(1, status=Status.DONE, files=2, bytes=10))
    gateway.reader.put(job(2, status=Status.DONE, files=3, bytes=20))
    gateway.reader.put(job(3, status=Status.PROCESSING))
    for name, alive in (("noop-a", True), ("noop-b", False)):
        gateway.reader.known_runners[name] = runner(name, alive=alive)

    shown = (await gateway.client.get("/api/v1/plugins/noop")).json()

    assert shown["statuses"]["DONE"] == 2
    assert shown["statuses"]["ERROR"] == 0
    assert shown["tabs"] == {
        Tab.QUEUE: {"jobs": 1, "files": 0, "bytes": 0},
        Tab.DONE: {"jobs": 2, "files": 5, "bytes": 30},
        Tab.ERROR: {"jobs": 0, "files": 0, "bytes": 0},
    }
    assert (shown["runners_alive"], shown["slots"], shown["busy"]) == (1, 4, 1)
    assert (shown["paused"], shown["accepting"], shown["limit"]) == (False, True, None)


def runner(name: str, *, alive: bool) -> RunnerState:
    return RunnerState(
        id=name,
        instance="1",
        plugin="noop",
        host="h",
        version="1",
        slots=4,
        transfers=1,
        busy=1,
        started_at=MOMENT,
        last_heartbeat=MOMENT,
        alive=alive,
    )


async def test_all_plugins_and_all_runners_are_listed(gateway: Gateway) -> None:
    gateway.reader.known_runners["noop-a"] = runner("noop-a", alive=True)

    plugins = (await gateway.client.get("/api/v1/plugins")).json()["plugins"]
    runners = (await gateway.client.get("/api/v1/runners")).json()["runners"]

    assert [plugin["manifest"]["name"] for plugin in plugins] == ["bare", "closed", "jp2", "noop"]
    assert [one["id"] for one in runners] == ["noop-a"]


async def test_an_unknown_plugin_is_not_found(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/v1/plugins/nope")

    assert (answer.status_code, answer.json()["known"]) == (404, ["bare", "closed", "jp2", "noop"])


@pytest.mark.parametrize("address", ["/jobs", "/plugins", "/plugins/noop", "/runners"])
async def test_reads_say_that_the_database_is_away(gateway: Gateway, address: str) -> None:
    gateway.reader.available = False

    answer = await gateway.client.get(f"/api/v1{address}")

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:taskmanager:problem:store-unavailable")


async def test_health_says_what_is_missing_and_metrics_count_submissions(gateway: Gateway) -> None:
    await gateway.submit()

    assert (await gateway.client.get("/health/live")).status_code == 200
    assert (await gateway.client.get("/health/ready")).status_code == 200
    gateway.services.catalogue._plugins = None
    assert (await gateway.client.get("/health/ready")).status_code == 503
    metrics = (await gateway.client.get("/metrics")).text
    assert 'taskmanager_gateway_submissions_total{outcome="accepted",plugin="noop"}' in metrics
    assert 'route="/api/v1/jobs",status="202"' in metrics

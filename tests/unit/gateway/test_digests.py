"""What open pages hear: one digest for many changes, for those it concerns, and only while they look."""

import asyncio
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpx

from taskmanager.messages import Arrivals, Change, Changes
from taskmanager.model.jobs import Progress
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.live.digests import JOBS_NAMED, Digests
from taskmanager_gateway.live.hub import Listener, LiveEvent
from taskmanager_testing.waiting import LONG_SECONDS

from .conftest import Gateway, until
from .test_live import events

SOON = timedelta(milliseconds=1)
END = LiveEvent("end", "")


def change(
    job: str, status: Status, was: Status | None = None, *, plugin: str = "jp2", rev: int = 1
) -> Change:
    return Change(
        job=job, plugin=plugin, status=status, tab=status.tab, rev=rev, progress=Progress(), was=was
    )


def changes(*given: Change, **fields: Any) -> Changes:
    return Changes(changes=given, **fields)


async def heard(digests: Digests, listener: Listener) -> list[LiveEvent]:
    """What waits for a listener once all is told."""
    digests.tell()
    return [listener._events.get_nowait() or END for _ in range(listener._events.qsize())]


def data(told: Iterable[LiveEvent]) -> list[dict[str, Any]]:
    return [json.loads(event.data) for event in told]


async def test_a_page_hears_once_of_all_that_changed_in_its_plugin() -> None:
    digests = Digests()
    with digests.listen("jp2") as page:
        digests.publish(changes(change("1", Status.STARTED)))
        digests.publish(changes(change("1", Status.WAITINGFORUPLOAD, Status.STARTED, rev=2)))
        digests.publish(changes(change("2", Status.DONE, Status.PROCESSING), change("3", Status.STARTED)))
        digests.publish(changes(change("4", Status.STARTED, plugin="other"), operations=("o",)))
        (digest,) = data(await heard(digests, page))

    assert digest["name"] == "jp2"
    assert [(one["job"], one["rev"], one["status"]) for one in digest["jobs"]] == [
        ("1", 2, "WAITINGFORUPLOAD"),
        ("2", 1, "DONE"),
        ("3", 1, "STARTED"),
    ]
    assert digest["arrived"] == {"queue": 2, "done": 1}
    assert (digest["counts"], digest["plugin"], digest["many"]) == (True, False, False)
    assert digest["operations"] == ["o"]


async def test_jobs_that_an_operation_moves_have_arrived_although_they_are_not_named() -> None:
    digests = Digests()
    retried = Arrivals(plugin="jp2", tab=Tab.QUEUE, jobs=100)
    with digests.listen("jp2") as page:
        for _ in range(2):
            digests.publish(changes(plugins=("jp2",), jobs=("1",), arrived=(retried,)))
        (digest,) = data(await heard(digests, page))

    assert (digest["arrived"], digest["many"], digest["jobs"]) == ({"queue": 200}, True, [])


async def test_progress_alone_changes_no_counts_and_the_home_page_does_not_hear_of_it() -> None:
    digests = Digests()
    with digests.listen("jp2") as page, digests.listen(None) as home:
        digests.publish(changes(change("1", Status.PROCESSING, Status.PROCESSING)))
        digests.tell()
        digests.publish(changes(change("1", Status.DONE, Status.PROCESSING, rev=2)))
        of_page, of_home = data(await heard(digests, page)), data(await heard(digests, home))

    assert [one["counts"] for one in of_page] == [False, True]
    assert [one["plugins"] for one in of_home] == [
        {"jp2": {"counts": True, "plugin": False, "arrived": {"done": 1}}}
    ]


async def test_a_late_change_does_not_hide_a_later_state() -> None:
    digests = Digests()
    with digests.listen("jp2") as page:
        digests.publish(changes(change("1", Status.DONE, Status.PROCESSING, rev=9)))
        digests.publish(changes(change("1", Status.PROCESSING, Status.PROCESSING, rev=8)))
        (digest,) = data(await heard(digests, page))

    assert [one["rev"] for one in digest["jobs"]] == [9]


async def test_more_jobs_than_a_page_shows_are_not_named() -> None:
    digests = Digests()
    with digests.listen("jp2") as page:
        digests.publish(changes(*(change(str(n), Status.STARTED) for n in range(JOBS_NAMED + 1))))
        digests.publish(changes(change("x", Status.STARTED)))
        (digest,) = data(await heard(digests, page))

    assert (digest["jobs"], digest["many"], digest["arrived"]) == ([], True, {"queue": JOBS_NAMED + 2})


async def test_a_page_of_an_operation_means_many_jobs() -> None:
    digests = Digests()
    with digests.listen("jp2") as page:
        digests.publish(changes(plugins=("jp2",), jobs=("1", "2"), operations=("o",)))
        (digest,) = data(await heard(digests, page))

    assert (digest["many"], digest["plugin"], digest["counts"]) == (True, True, True)


async def test_nobody_hears_of_plugins_he_may_not_see() -> None:
    digests = Digests()
    mine = frozenset({"jp2"})
    with digests.listen(None, mine) as home, digests.listen("other", mine) as foreign:
        digests.publish(changes(change("1", Status.STARTED), change("2", Status.STARTED, plugin="other")))
        of_home, of_foreign = data(await heard(digests, home)), await heard(digests, foreign)

    assert [list(one["plugins"]) for one in of_home] == [["jp2"]]
    assert of_foreign == []


async def test_a_digest_is_written_once_for_all_pages_of_a_plugin() -> None:
    digests = Digests()
    with digests.listen("jp2") as one, digests.listen("jp2") as other:
        digests.publish(changes(change("1", Status.STARTED)))
        first, second = await heard(digests, one), await heard(digests, other)

    assert first[0] is second[0]


async def test_nothing_is_collected_while_nobody_looks() -> None:
    digests = Digests()
    digests.publish(changes(change("1", Status.STARTED)))

    assert digests._timer is None
    with digests.listen("jp2") as page:
        assert await heard(digests, page) == []


async def test_changes_are_told_by_themselves_and_operations_to_everybody() -> None:
    digests = Digests(SOON)
    with digests.listen("jp2") as page, digests.listen(None, frozenset()) as home:
        digests.publish(changes(operations=("o",)))
        async with asyncio.timeout(LONG_SECONDS):
            of_page = await anext(page.events())
            of_home = await anext(home.events())

    assert [one["operations"] for one in data([of_page, of_home])] == [["o"], ["o"]]


async def test_a_page_that_is_too_slow_is_told_to_read_again_and_dropped() -> None:
    digests = Digests(queue_limit=2)
    with digests.listen("jp2") as page:
        for _ in range(3):
            digests.publish(changes(change("1", Status.STARTED)))
            digests.tell()
        told = [event async for event in page.events()]
        digests.publish(changes(change("1", Status.STARTED)))
        assert digests._collected == {}

    assert [(event.type, event.data) for event in told] == [("reset", '{"reason":"this page was too slow"}')]


async def test_pages_are_hung_up_on_instead_of_being_told_what_was_collected() -> None:
    digests = Digests()
    with digests.listen("jp2") as page:
        digests.publish(changes(change("1", Status.STARTED)))
        digests.hang_up("rights have changed")
        told = [event async for event in page.events()]
        digests.publish(changes(change("2", Status.STARTED)))
        assert digests._collected == {}

    assert told == [LiveEvent("reset", '{"reason":"rights have changed"}')]


async def test_whoever_listens_is_judged_anew_when_rights_change(gateway: Gateway) -> None:
    digests = gateway.services.digests
    page = asyncio.create_task(gateway.client.get("/ui/live?plugin=jp2"))
    await until(lambda: len(digests._viewers) == 1)
    gateway.services.feed.take(changes(access=True).encode())

    assert events(await page) == [("reset", {"reason": "rights have changed"})]
    assert digests._viewers == set()


async def test_pages_listen_over_http(gateway: Gateway) -> None:
    def listen(query: str) -> "asyncio.Task[httpx.Response]":
        return asyncio.create_task(gateway.client.get(f"/ui/live{query}"))

    page, home = listen("?plugin=jp2"), listen("")
    await until(lambda: len(gateway.services.digests._viewers) == 2)
    gateway.services.feed.take(changes(change("1", Status.STARTED)).encode())
    gateway.services.digests.tell()
    await until(lambda: all(one.listener._events.empty() for one in gateway.services.digests._viewers))
    gateway.services.feed.reconnected()

    assert [name for name, _ in events(await page)] == ["digest", "reset"]
    assert [name for name, _ in events(await home)] == ["digest", "reset"]
    assert (await gateway.client.get("/ui/live?plugin=No!")).status_code == 422
    assert gateway.services.digests._viewers == set()

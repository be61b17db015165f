"""Live streams: events of what changes, and the log of a job as it is written."""

import asyncio
import json
from typing import Any

import httpx

from taskmanager.messages import Changes
from taskmanager.model.jobs import LogLine
from taskmanager.model.registry import LogBlock
from taskmanager.model.states import Status

from .conftest import MOMENT, Gateway, job, until
from .test_reading import change

JOB = job(1, status=Status.PROCESSING)
LOG = f"/api/v1/jobs/{JOB.id}/log"


def block(seq: int, text: str, attempt: int = 1) -> LogBlock:
    line = LogLine(at=MOMENT, level="info", text=text)
    return LogBlock(job=JOB.id, attempt=attempt, seq=seq, lines=(line,))


def events(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for part in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def listen(gateway: Gateway, query: str = "") -> "asyncio.Task[httpx.Response]":
    return asyncio.create_task(gateway.client.get(f"/api/v1/events{query}"))


async def test_changes_of_jobs_and_plugins_are_told_to_those_who_listen(gateway: Gateway) -> None:
    everything, done = listen(gateway), listen(gateway, "?tab=done&plugin=noop")
    await until(lambda: len(gateway.services.hub._listeners) == 2)
    gateway.services.feed.take(change(JOB))
    gateway.services.feed.take(change(job(2, status=Status.DONE)))
    gateway.services.feed.take(Changes(changes=(), plugins=("jp2",)).encode())
    await until(lambda: all(listener._events.empty() for listener in gateway.services.hub._listeners))
    gateway.services.hub.close()

    assert [name for name, _ in events(await everything)] == ["job", "job", "plugin"]
    assert [data["job"] for _, data in events(await done)] == [job(2).id]


async def test_a_listener_that_is_too_slow_is_told_to_read_again_and_dropped(gateway: Gateway) -> None:
    listening = listen(gateway)
    await until(lambda: len(gateway.services.hub._listeners) == 1)
    for _ in range(4):
        gateway.services.feed.take(change(JOB))

    assert events(await listening) == [("reset", {"reason": "this listener was too slow"})]
    assert gateway.services.hub._listeners == set()


async def test_after_a_lost_connection_listeners_are_hung_up_on_to_read_again(gateway: Gateway) -> None:
    listening = listen(gateway)
    await until(lambda: len(gateway.services.hub._listeners) == 1)
    gateway.services.feed.reconnected()

    assert events(await listening) == [("reset", {"reason": "changes may have been missed"})]


async def test_a_stop_ends_all_streams(gateway: Gateway) -> None:
    gateway.reader.put(JOB)
    streams = [listen(gateway), asyncio.create_task(gateway.client.get(f"{LOG}?format=stream"))]
    await until(lambda: bool(gateway.services.hub._listeners and gateway.services.watchers._waiting))
    gateway.stopping.set()
    await gateway.services.end_streams(gateway.stopping)

    assert {answer.status_code for answer in await asyncio.gather(*streams)} == {200}
    assert (await listen(gateway)).status_code == 200


async def test_an_unreadable_message_is_passed_over(gateway: Gateway) -> None:
    gateway.services.feed.take(b"\xff")
    gateway.services.feed.take(b'{"type":"changes","v":2,"changes":[]}')

    assert (await gateway.submit()).status_code == 202


async def test_a_log_is_read_in_pages(gateway: Gateway) -> None:
    gateway.reader.put(JOB)
    gateway.reader.blocks = [block(1, "one"), block(2, "two"), block(1, "again", attempt=2)]

    first = (await gateway.client.get(LOG, params={"limit": 2})).json()
    second = (await gateway.client.get(LOG, params={"after": first["after"]})).json()
    third = (await gateway.client.get(LOG, params={"after": second["after"]})).json()

    assert ([one["seq"] for one in first["blocks"]], first["after"], first["more"]) == ([1, 2], "1.2", True)
    assert (second["blocks"][0]["lines"][0]["text"], second["after"], second["more"]) == (
        "again",
        "2.1",
        False,
    )
    assert (third["blocks"], third["after"]) == ([], "2.1")


async def test_a_log_is_a_text_for_people(gateway: Gateway) -> None:
    gateway.reader.put(JOB)
    gateway.reader.blocks = [block(seq, f"page {seq}") for seq in range(1, 251)]

    by_header = await gateway.client.get(LOG, headers={"Accept": "text/plain"})
    by_query = await gateway.client.get(LOG, params={"format": "text"})

    assert by_header.text == by_query.text
    assert by_header.text.splitlines()[249] == "2026-11-23T12:00:00.000+00:00 INFO    page 250"
    assert by_header.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_a_live_log_sends_what_is_there_then_what_comes_and_ends_with_the_job(gateway: Gateway) -> None:
    gateway.reader.put(JOB)
    gateway.reader.blocks = [block(1, "one")]
    streaming = asyncio.create_task(gateway.client.get(LOG, headers={"Accept": "text/event-stream"}))
    await until(lambda: gateway.reader.calls["log"] >= 2)
    gateway.reader.blocks.append(block(2, "two"))
    gateway.services.feed.take(change(JOB, logged=True))
    await until(lambda: gateway.reader.calls["log"] >= 4)
    gateway.reader.blocks.append(block(3, "three"))
    done = JOB.model_copy(update={"status": Status.DONE})
    gateway.reader.put(done)
    gateway.services.feed.take(change(done))

    answer = await streaming
    assert [name for name, _ in events(answer)] == ["log", "log", "log", "end"]
    assert [data["seq"] for name, data in events(answer) if name == "log"] == [1, 2, 3]
    assert "id: 1.3\n" in answer.text


async def test_a_live_log_goes_on_where_it_was_cut_off(gateway: Gateway) -> None:
    gateway.reader.put(JOB.model_copy(update={"status": Status.DONE}))
    gateway.reader.blocks = [block(1, "one"), block(2, "two")]

    answer = await gateway.client.get(LOG, headers={"Accept": "text/event-stream", "Last-Event-ID": "1.1"})

    assert [data.get("seq") for _, data in events(answer)] == [2, None]


async def test_a_live_log_lives_through_an_absence_of_the_database(gateway: Gateway) -> None:
    gateway.reader.put(JOB)
    streaming = asyncio.create_task(gateway.client.get(f"{LOG}?format=stream"))
    await until(lambda: gateway.reader.calls["log"] >= 1)
    gateway.reader.available = False
    calls = gateway.reader.calls["job"]
    gateway.services.feed.take(change(JOB, logged=True))
    await until(lambda: gateway.reader.calls["job"] > calls)
    gateway.reader.available = True
    gateway.reader.blocks = [block(1, "one")]
    gateway.reader.put(JOB.model_copy(update={"status": Status.DONE}))
    gateway.services.feed.take(change(JOB))

    assert [name for name, _ in events(await streaming)] == ["log", "end"]


async def test_a_wrong_position_and_an_unknown_job_are_refused_before_the_stream_begins(
    gateway: Gateway,
) -> None:
    gateway.reader.put(JOB)

    wrong = await gateway.client.get(LOG, params={"after": "x"})
    wrong_id = await gateway.client.get(f"{LOG}?format=stream", headers={"Last-Event-ID": "1"})
    unknown = await gateway.client.get(f"/api/v1/jobs/{job(77).id}/log?format=stream")

    assert (wrong.status_code, wrong_id.status_code, unknown.status_code) == (422, 422, 404)

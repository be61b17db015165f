"""Where the inbox is divided, everything about a plugin goes to the inbox of its partition."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from taskmanager.messages import Change, Changes, Submissions
from taskmanager.model.jobs import Progress
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.submissions import persistence_watch
from taskmanager_testing.reader import FakeReader

from .conftest import MOMENT, Gateway, job

NOOP, BARE = "gateway.submissions.1", "gateway.submissions"


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    """The plugin bare belongs to partition 0, the home, noop to 1, jp2 to 2."""
    return GatewaySettings(roots=str(roots), access=AccessMode.OFF, partitions=4)


def keys(gateway: Gateway) -> list[str]:
    return [message.key for message in gateway.publisher.messages]


async def command(gateway: Gateway, address: str, **body: object) -> str:
    """The routing key of the command that the request makes."""
    answer = await gateway.client.post(f"/api/v1/{address}", json=body)
    assert answer.is_success, answer.text
    return keys(gateway)[-1]


async def test_submissions_at_the_same_time_go_to_their_inboxes(gateway: Gateway) -> None:
    plugins = ("noop", "bare", "noop", "bare")
    answers = await asyncio.gather(*(gateway.submit(plugin=plugin) for plugin in plugins))
    assert [answer.status_code for answer in answers] == [202] * 4
    assert set(keys(gateway)) == {NOOP, BARE}
    for message in gateway.publisher.messages:
        submissions = Submissions.model_validate_json(message.body).submissions
        assert {one.spec.plugin for one in submissions} == {"noop" if message.key == NOOP else "bare"}


async def test_a_command_goes_to_the_partition_of_its_plugin(gateway: Gateway, reader: FakeReader) -> None:
    known = job(1, plugin="jp2")
    reader.put(known)
    assert await command(gateway, f"jobs/{known.id}/cancel") == "gateway.command.2"
    assert await command(gateway, "plugins/noop/stop") == "gateway.command.1"
    assert (
        await command(gateway, "operations", action="hold", filter={"plugin": "jp2"}) == "gateway.command.2"
    )


async def test_a_command_about_a_runner_goes_where_its_heartbeats_go(
    gateway: Gateway, reader: FakeReader
) -> None:
    """What is stored about a runner is always written whole, so only one scheduler may write it."""
    reader.known_runners["r-1"] = RunnerState(
        id="r-1",
        instance="x",
        plugin="jp2",
        host="h",
        version="1",
        slots=1,
        transfers=1,
        busy=0,
        started_at=MOMENT,
        last_heartbeat=MOMENT,
    )
    assert await command(gateway, "runners/r-1/drain") == "gateway.command.2"


async def test_a_command_about_a_job_that_waits_to_be_stored_follows_its_submission(gateway: Gateway) -> None:
    accepted = (await gateway.submit(plugin="noop")).json()["id"]
    assert await command(gateway, f"jobs/{accepted}/hold") == "gateway.command.1"


async def test_what_concerns_all_plugins_goes_to_the_home(gateway: Gateway) -> None:
    assert await command(gateway, "operations", action="hold", filter={}, all=True) == "gateway.command"


async def test_submissions_of_another_partition_have_overtaken_nothing(
    gateway: Gateway, reader: FakeReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come to another inbox, whose scheduler may be quicker."""
    monkeypatch.setattr(persistence_watch, "OVERTAKEN_AFTER", timedelta())
    waiting = str((await gateway.submit(plugin="noop")).json()["id"])
    for plugin, times in (("bare", 1), ("noop", 2)):
        later = str((await gateway.submit(plugin=plugin)).json()["id"])
        reader.put(job(0, plugin=plugin).model_copy(update={"id": later}))
        change = Change(
            job=later, plugin=plugin, status=Status.STARTED, tab=Tab.QUEUE, rev=1, progress=Progress()
        )
        gateway.services.feed.take(Changes(changes=(change,)).encode())
        await gateway.services.keeping.run_once()
        assert [one.job for one in gateway.submitted()].count(waiting) == times
    assert "tm.scheduler.1" in (gateway.services.keeping.check() or "")

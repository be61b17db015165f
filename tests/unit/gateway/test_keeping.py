"""A submission that the broker lost is sent again, and is not shown for ever if that is in vain."""

from datetime import timedelta

import pytest

from taskmanager.messages import Change, Changes, Submit
from taskmanager.model.jobs import Job, Progress
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.submissions import persistence_watch as module
from taskmanager_testing.reader import FakeReader

from .conftest import Gateway, job


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OVERTAKEN_AFTER", timedelta())


async def submitted(gateway: Gateway) -> str:
    answer = await gateway.submit()
    return str(answer.json()["id"])


def accepted(name: str) -> Job:
    return job(0).model_copy(update={"id": name})


def stored(gateway: Gateway, reader: FakeReader, name: str) -> None:
    """The scheduler has it and says so."""
    reader.put(accepted(name))
    change = Change(job=name, plugin="noop", status=Status.STARTED, tab=Tab.QUEUE, rev=1, progress=Progress())
    gateway.services.feed.take(Changes(changes=(change,)).encode())


def sent(gateway: Gateway, name: str) -> list[Submit]:
    return [one for one in gateway.submitted() if one.job == name]


async def test_what_was_overtaken_and_is_not_stored_is_sent_again_as_it_was(
    gateway: Gateway, reader: FakeReader
) -> None:
    lost, later = await submitted(gateway), await submitted(gateway)
    await gateway.services.keeping.run_once()
    assert len(sent(gateway, lost)) == 1  # nobody has overtaken it: the scheduler may be away

    stored(gateway, reader, later)
    await gateway.services.keeping.run_once()

    first, second = sent(gateway, lost)
    assert first == second
    assert "tm.scheduler" in (gateway.services.keeping.check() or "")
    stored(gateway, reader, lost)
    await gateway.services.keeping.run_once()
    assert gateway.services.keeping.check() is None
    assert len(sent(gateway, lost)) == 2


async def test_what_is_stored_though_no_news_of_it_came_is_not_sent_again(
    gateway: Gateway, reader: FakeReader
) -> None:
    quiet, later = await submitted(gateway), await submitted(gateway)
    reader.put(accepted(quiet))
    stored(gateway, reader, later)
    await gateway.services.keeping.run_once()
    assert len(sent(gateway, quiet)) == 1
    assert gateway.services.keeping.check() is None


async def test_what_is_lost_again_and_again_is_shown_no_longer(gateway: Gateway, reader: FakeReader) -> None:
    lost = await submitted(gateway)
    for number in range(module.MOST_TRIES + 1):
        stored(gateway, reader, await submitted(gateway))
        await gateway.services.keeping.run_once()
        assert len(sent(gateway, lost)) == min(number + 2, module.MOST_TRIES + 1)
    answer = await gateway.client.get(f"/api/v1/jobs/{lost}")
    assert answer.status_code == 404
    assert gateway.services.keeping.check() is None

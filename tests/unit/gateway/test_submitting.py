"""Submitting one job."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from taskmanager.model.jobs import JobSpec
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, PUBLISH_TIME
from taskmanager_gateway.submissions.path_check import CHECK_TIME

from .conftest import Gateway, installed, job, until

KEY = {"Idempotency-Key": "step-23"}


async def test_an_accepted_job_is_published_once_persistent_and_mandatory(
    gateway: Gateway,
) -> None:
    answer = await gateway.submit(priority=9, title="Band 1")

    assert answer.status_code == 202
    (message,) = gateway.publisher.messages
    (submit,) = gateway.submitted()
    assert (message.exchange, message.key) == ("tm.submit", "gateway.submissions")
    assert message.persistent
    assert message.mandatory
    assert submit.spec == JobSpec(plugin="noop", priority=9, title="Band 1")
    assert submit.client == "anonymous"
    assert submit.job == answer.json()["id"]


async def test_the_answer_says_where_the_job_is_and_shows_it_as_accepted(gateway: Gateway) -> None:
    answer = await gateway.submit(goobi={"process_id": 4711})

    shown = answer.json()
    assert answer.headers["Location"] == f"/api/v1/jobs/{shown['id']}"
    assert answer.headers["Taskmanager-Outcome"] == "accepted"
    assert uuid.UUID(shown["id"]).version == 7
    assert (shown["status"], shown["tab"], shown["goobi"]["process_id"]) == ("STARTED", "queue", 4711)


async def test_the_same_key_and_job_are_one_job_published_once(gateway: Gateway) -> None:
    first = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop", "title": "a"}, headers=KEY)
    second = await gateway.client.post("/api/v1/jobs", json={"title": "a", "plugin": "noop"}, headers=KEY)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert second.headers["Taskmanager-Outcome"] == "replayed"
    assert uuid.UUID(first.json()["id"]).version == 5
    assert len(gateway.publisher.messages) == 1


async def test_the_other_gateway_sends_a_repeat_again_which_it_has_only_heard_of(
    gateways: tuple[Gateway, Gateway],
) -> None:
    """What the inbox refused has reached all gateways; to answer for it would be a promise nobody keeps."""
    one, other = gateways
    first = await one.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)
    second = await other.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)
    third = await other.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)

    assert first.json()["id"] == second.json()["id"] == third.json()["id"]
    assert [submit.job for submit in one.submitted()] == [first.json()["id"]] * 2


async def test_a_repeat_of_a_stored_job_shows_what_became_of_it(gateway: Gateway) -> None:
    first = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)
    done = job(1, status=Status.DONE).model_copy(update={"id": first.json()["id"]})
    gateway.reader.put(done)
    gateway.services.feed._recent.stored(done.id)

    second = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)

    assert second.status_code == 202
    assert second.json()["status"] == "DONE"
    assert len(gateway.publisher.messages) == 1


async def test_the_same_key_with_another_job_is_refused(gateway: Gateway) -> None:
    first = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)
    second = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop", "title": "b"}, headers=KEY)

    assert second.status_code == 422
    assert second.json()["type"] == "urn:taskmanager:problem:idempotency-key-reused"
    assert second.json()["job"] == first.json()["id"]
    assert len(gateway.publisher.messages) == 1


async def test_equal_requests_at_the_same_time_publish_once(gateway: Gateway) -> None:
    gateway.publisher.confirms.clear()
    requests = [
        asyncio.create_task(gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY))
        for _ in range(5)
    ]
    await until(lambda: bool(gateway.services.submissions._acceptance._under_way))
    gateway.publisher.confirms.set()
    answers = await asyncio.gather(*requests)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(gateway.publisher.messages) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_malformed_key_is_refused(gateway: Gateway, key: str) -> None:
    answer = await gateway.client.post(
        "/api/v1/jobs", json={"plugin": "noop"}, headers={"Idempotency-Key": key}
    )

    assert answer.status_code == 422
    assert gateway.publisher.messages == []


async def test_a_unique_key_in_the_queue_is_answered_with_the_job_that_holds_it(gateway: Gateway) -> None:
    gateway.reader.put(job(7, unique="goobi-23-JP2"))

    answer = await gateway.submit(unique="goobi-23-JP2")

    assert answer.status_code == 200
    assert answer.headers["Taskmanager-Outcome"] == "duplicate"
    assert answer.json()["id"] == job(7).id
    assert gateway.publisher.messages == []


async def test_equal_submissions_at_once_get_the_same_answer_where_another_job_holds_their_unique_key(
    gateway: Gateway,
) -> None:
    gateway.reader.put(job(7, unique="goobi-23-JP2"))
    body = {"plugin": "noop", "unique": "goobi-23-JP2"}

    answers = await asyncio.gather(
        *(gateway.client.post("/api/v1/jobs", json=body, headers=KEY) for _ in range(2))
    )

    assert [answer.headers["Taskmanager-Outcome"] for answer in answers] == ["duplicate"] * 2
    assert {answer.json()["id"] for answer in answers} == {job(7).id}
    assert gateway.publisher.messages == []


async def test_a_unique_key_of_a_finished_job_is_free_again(gateway: Gateway) -> None:
    gateway.reader.put(job(7, status=Status.DONE, unique="goobi-23-JP2"))

    assert (await gateway.submit(unique="goobi-23-JP2")).status_code == 202


async def test_jobs_are_taken_while_the_database_is_away(gateway: Gateway) -> None:
    gateway.reader.available = False

    answer = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop", "unique": "u"}, headers=KEY)

    assert answer.status_code == 202
    assert len(gateway.publisher.messages) == 1


async def test_jobs_are_taken_while_the_database_hangs(gateway: Gateway) -> None:
    gateway.reader.answers.clear()

    answer = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop", "unique": "u"}, headers=KEY)

    assert answer.status_code == 202


async def test_a_gateway_that_never_saw_the_plugins_takes_no_job(gateway: Gateway) -> None:
    gateway.reader.available = False
    gateway.services.catalogue._plugins = None

    answer = await gateway.submit()

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:taskmanager:problem:plugins-unknown"
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("headers", [{}, KEY])
async def test_a_broker_that_is_away_is_told_with_the_job_and_what_to_do(
    gateway: Gateway, headers: dict[str, str]
) -> None:
    gateway.publisher.available = False

    answer = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=headers)

    problem = answer.json()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert problem["type"] == "urn:taskmanager:problem:broker-unavailable"
    assert uuid.UUID(problem["job"])
    assert "Idempotency-Key" in problem["detail"]


async def test_a_broker_that_never_confirms_is_given_up(gateway: Gateway) -> None:
    gateway.publisher.confirms.clear()

    answer = await gateway.submit()

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:taskmanager:problem:broker-unavailable"


async def test_a_missing_topology_is_no_accepted_job(gateway: Gateway) -> None:
    gateway.publisher.routable = False

    assert (await gateway.submit()).status_code == 503


async def test_a_repeat_after_a_lost_confirm_names_the_same_job(gateway: Gateway) -> None:
    gateway.publisher.available = False
    refused = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)
    gateway.publisher.available = True
    taken = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)

    assert taken.status_code == 202
    assert taken.json()["id"] == refused.json()["job"]


async def test_a_plugin_just_installed_is_found_without_waiting_for_the_next_refresh(
    gateway: Gateway,
) -> None:
    gateway.reader.install(installed("fresh", source="unused", destination="unused"))

    assert (await gateway.submit(plugin="fresh")).status_code == 202


async def test_a_changed_manifest_counts_from_the_next_refresh(gateway: Gateway) -> None:
    changed: InstalledPlugin = installed("jp2", parameters={"type": "object", "required": ["rate"]})
    gateway.reader.install(changed)
    await gateway.services.catalogue.run_once()

    answer = await gateway.submit(plugin="bare", parameters={})
    refused = await gateway.submit(
        plugin="jp2",
        source=str(gateway.services.settings.roots),
        destination=str(gateway.services.settings.roots),
    )

    assert answer.status_code == 202
    assert refused.json()["type"] == "urn:taskmanager:problem:invalid-parameters"


def test_whatever_is_away_the_answer_comes_within_the_two_seconds_a_client_waits() -> None:
    longest = CHECK_TIME + LOOKUP_TIME + PUBLISH_TIME
    assert longest < timedelta(seconds=2)

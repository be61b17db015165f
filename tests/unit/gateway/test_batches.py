"""Submitting many jobs at once."""

from typing import Any

from taskmanager.errors import BrokerUnavailableError
from taskmanager.model.access import everybody
from taskmanager.model.jobs import JobSpec
from taskmanager_gateway.access.auth_context import AuthContext
from taskmanager_gateway.submissions.idempotency import Submission
from taskmanager_testing.publisher import FakePublisher

from .conftest import Gateway, installed


async def batch(gateway: Gateway, *jobs: Any) -> list[dict[str, Any]]:
    answer = await gateway.client.post("/api/v1/jobs/batch", json={"jobs": jobs})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_each_item_gets_its_result_in_order_and_a_bad_one_stops_no_other(gateway: Gateway) -> None:
    results = await batch(
        gateway,
        {"plugin": "noop", "title": "a"},
        {"plugin": "nope"},
        "no job",
        {"plugin": "noop", "source": "/etc"},
        {"plugin": "noop", "title": "b", "idempotency_key": "k"},
        {"plugin": "noop", "idempotency_key": 5},
        {"plugin": "noop", "idempotency_key": ""},
    )

    assert [result["status"] for result in results] == [202, 404, 422, 422, 202, 422, 422]
    assert [submit.spec.title for submit in gateway.submitted()] == ["a", "b"]
    assert [result["id"] for result in results if result["id"]] == [
        submit.job for submit in gateway.submitted()
    ]
    assert results[1]["problem"]["known"] == ["bare", "closed", "jp2", "noop"]


async def test_the_counts_of_a_batch_say_what_was_taken(gateway: Gateway) -> None:
    answer = await gateway.client.post(
        "/api/v1/jobs/batch", json={"jobs": [{"plugin": "noop"}, {"plugin": "x"}]}
    )

    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 1)


async def test_one_key_twice_in_a_batch_is_one_job_and_with_another_body_a_problem(gateway: Gateway) -> None:
    results = await batch(
        gateway,
        {"plugin": "noop", "idempotency_key": "k"},
        {"plugin": "noop", "idempotency_key": "k"},
        {"plugin": "noop", "idempotency_key": "k", "title": "another"},
    )

    assert [result["outcome"] for result in results] == ["accepted", "replayed", None]
    assert results[2]["problem"]["type"] == "urn:taskmanager:problem:idempotency-key-reused"
    assert len(gateway.publisher.messages) == 1


async def test_a_key_means_the_same_alone_and_in_a_batch(gateway: Gateway) -> None:
    (first,) = await batch(gateway, {"plugin": "noop", "idempotency_key": "k"})
    alone = await gateway.client.post(
        "/api/v1/jobs", json={"plugin": "noop"}, headers={"Idempotency-Key": "k"}
    )

    assert alone.json()["id"] == first["id"]
    assert alone.headers["Taskmanager-Outcome"] == "replayed"


async def test_the_keys_of_a_batch_are_looked_up_in_few_reads(gateway: Gateway) -> None:
    results = await batch(gateway, *({"plugin": "noop", "idempotency_key": f"k{n}"} for n in range(50)))

    assert {result["status"] for result in results} == {202}
    assert gateway.reader.calls["jobs_by_id"] <= 2


async def test_an_item_larger_than_a_single_job_may_be_is_refused(gateway: Gateway) -> None:
    gateway.reader.install(installed("loose", source="unused", destination="unused", parameters={}))
    parameters = {"a": "x" * 1024 * 1024}

    large, small = await batch(gateway, {"plugin": "loose", "parameters": parameters}, {"plugin": "noop"})

    assert (large["status"], small["status"]) == (413, 202)


async def test_no_batch_and_too_large_a_batch_are_refused_as_a_whole(gateway: Gateway) -> None:
    many = [{"plugin": "noop"}] * 51
    bodies: list[Any] = [{}, [], {"jobs": []}, {"jobs": {}}, {"jobs": [{}], "more": 1}, {"jobs": many}]
    for body in bodies:
        answer = await gateway.client.post("/api/v1/jobs/batch", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "jobs"
    assert gateway.publisher.messages == []


async def test_after_a_lost_broker_the_rest_of_a_batch_is_not_tried(gateway: Gateway) -> None:
    tried: list[str] = []

    async def publish(_: str, key: str, __: bytes, **___: Any) -> None:
        tried.append(key)
        raise BrokerUnavailableError("away")

    publisher: FakePublisher = gateway.publisher
    publisher.publish = publish  # type: ignore[method-assign,assignment]
    submissions = gateway.services.submissions
    results = await submissions.submit_all(
        [
            Submission.of(JobSpec(plugin="noop"), AuthContext(everybody(), "anonymous"), None)
            for _ in range(450)
        ]
    )

    assert tried == ["gateway.submissions"]
    assert len(results) == 450

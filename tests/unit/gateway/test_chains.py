"""Submitting a job with those that follow it, and looking at them."""

import uuid
from typing import Any

import httpx
import pytest

from taskmanager.model.states import Status
from taskmanager.model.waiting import WaitingCode

from .conftest import Gateway, job
from .test_batches import batch

KEY = {"Idempotency-Key": "step-23"}
STEP = {"process_id": 4711, "step_id": 23}


async def send(gateway: Gateway, *after: Any, key: bool = False, **first: Any) -> httpx.Response:
    body = {"plugin": "noop", **first, "after": list(after)}
    return await gateway.client.post("/api/v1/jobs", json=body, headers=KEY if key else None)


async def test_a_chain_is_published_in_one_message_and_answered_with_its_first_job(gateway: Gateway) -> None:
    answer = await send(gateway, {"plugin": "bare"}, {"plugin": "noop", "title": "c"}, title="a", priority=8)

    assert answer.status_code == 202, answer.text
    assert len(gateway.publisher.messages) == 1
    submits = gateway.submitted()
    ids = [submit.job for submit in submits]
    assert (answer.json()["id"], answer.json()["chain"]) == (ids[0], ids)
    assert [submit.follows for submit in submits] == [None, ids[0], ids[1]]
    assert [submit.spec.plugin for submit in submits] == ["noop", "bare", "noop"]
    assert [submit.spec.title for submit in submits] == ["a", "a", "c"]
    assert {submit.spec.priority for submit in submits} == {8}


async def test_those_that_follow_have_the_reference_to_goobi_unless_they_have_their_own(
    gateway: Gateway,
) -> None:
    await send(gateway, {"plugin": "noop"}, {"plugin": "noop", "goobi": {"process_id": 1}}, goobi=STEP)

    found = [submit.spec.goobi for submit in gateway.submitted()]
    assert [(one.process_id, one.step_id) for one in found if one] == [(4711, 23), (4711, 23), (1, None)]


async def test_a_follower_is_shown_as_waiting_before_it_is_stored(gateway: Gateway) -> None:
    first = (await send(gateway, {"plugin": "noop"})).json()
    second = (await gateway.client.get(f"/api/v1/jobs/{first['chain'][1]}")).json()

    assert (second["status"], second["follows"]) == ("PAUSED", first["id"])
    assert second["waiting"]["code"] == WaitingCode.FOLLOWS


async def test_a_repeat_is_the_same_chain_and_another_chain_under_the_key_is_refused(
    gateway: Gateway,
) -> None:
    one = await send(gateway, {"plugin": "noop", "title": "b"}, key=True)
    again = await send(gateway, {"title": "b", "plugin": "noop"}, key=True)
    other = await send(gateway, {"plugin": "noop", "title": "c"}, key=True)
    alone = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)

    assert one.json()["chain"] == again.json()["chain"]
    assert {uuid.UUID(link).version for link in one.json()["chain"]} == {5}
    assert (again.headers["Taskmanager-Outcome"], len(gateway.publisher.messages)) == ("replayed", 1)
    assert [answer.json()["type"].rsplit(":")[-1] for answer in (other, alone)] == [
        "idempotency-key-reused"
    ] * 2


@pytest.mark.parametrize(
    ("after", "field"),
    [
        ([], "after"),
        ([{"plugin": "noop"}] * 20, "after"),
        (["noop"], "after"),
        ({"plugin": "noop"}, "after"),
        ([{"plugin": "noop"}, {"plugin": "noop", "colour": 1}], "after.1.colour"),
        ([{"plugin": "noop", "after": [{"plugin": "noop"}]}], "after.0.after"),
        ([{"plugin": "noop", "parameters": {"rate": 0}}], "after.0.parameters"),
        ([{"plugin": "noop", "source": "/etc"}], "after.0.source"),
        (
            [{"plugin": "noop", "callback_url": "http://goobi/a"}, {"plugin": "noop"}],
            "after.0.callback_url",
        ),
        ([{"plugin": "noop", "title": "a\0"}], "after.0.title"),
    ],
)
async def test_what_is_wrong_in_a_chain_is_said_of_its_field_and_nothing_is_accepted(
    gateway: Gateway, after: Any, field: str
) -> None:
    answer = await gateway.client.post("/api/v1/jobs", json={"plugin": "noop", "after": after})

    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not gateway.publisher.messages


async def test_an_unknown_plugin_in_a_chain_is_told_with_its_place(gateway: Gateway) -> None:
    answer = await send(gateway, {"plugin": "noop"}, {"plugin": "nope"})

    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("Job 3 of the chain: There is no plugin 'nope'")
    assert not gateway.publisher.messages


async def test_a_chain_may_be_an_item_of_a_batch(gateway: Gateway) -> None:
    results = await batch(
        gateway,
        {"plugin": "noop", "after": [{"plugin": "bare"}], "idempotency_key": "k"},
        {"plugin": "noop", "after": [{"plugin": "nope"}]},
        {"plugin": "noop"},
    )

    assert [result["status"] for result in results] == [202, 404, 202]
    assert sorted(len(submit.chain) for submit in gateway.submitted()) == [0, 2, 2]


async def test_the_chain_of_a_job_is_listed_in_its_order_as_far_as_the_caller_sees_it(
    gateway: Gateway,
) -> None:
    ids = tuple(job(number).id for number in (1, 2, 3))
    gateway.reader.put(job(1, status=Status.ERROR, chain=ids))
    gateway.reader.put(job(2, status=Status.PAUSED, chain=ids, follows=ids[0]))
    gateway.reader.put(job(3, status=Status.PAUSED, chain=ids, follows=ids[1]))

    shown = (await gateway.client.get(f"/api/v1/jobs/{ids[1]}/chain")).json()

    assert [one["id"] for one in shown["jobs"]] == list(ids)
    assert (shown["done"], shown["total"]) == (0, 3)
    assert [one["waiting"]["reason"]["code"] for one in shown["jobs"][1:]] == [
        "waiting.follows_failed",
        "waiting.follows",
    ]


async def test_a_job_without_a_chain_has_none(gateway: Gateway) -> None:
    gateway.reader.put(job(1))
    shown = (await gateway.client.get(f"/api/v1/jobs/{job(1).id}/chain")).json()
    assert (shown["jobs"], shown["total"]) == ([], 0)


async def test_the_page_of_a_job_shows_its_chain(gateway: Gateway) -> None:
    ids = tuple(job(number).id for number in (1, 2))
    gateway.reader.put(job(1, status=Status.DONE, chain=ids))
    gateway.reader.put(job(2, status=Status.PROCESSING, chain=ids, owner="r"))

    page = (await gateway.client.get(f"/jobs/{ids[1]}")).text

    assert "1 of 2 jobs are done" in page
    assert f'href="/jobs/{ids[0]}"' in page

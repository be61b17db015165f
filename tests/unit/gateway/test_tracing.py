"""The trace of a submission on its way through a gateway: into message, job, page and metrics."""

import pytest
from tests.unit.gateway.conftest import Gateway, job

from taskmanager.model.jobs import JobError
from taskmanager.model.states import Status

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/api/v1/jobs", {"plugin": "noop"}),
        ("/api/v1/jobs/batch", {"jobs": [{"plugin": "noop"}]}),
    ],
)
async def test_a_submission_keeps_the_trace_it_is_sent_with(
    gateway: Gateway, address: str, body: dict[str, object]
) -> None:
    await gateway.client.post(address, json=body, headers={"traceparent": PARENT})
    await gateway.client.post(address, json=body, headers={"traceparent": "nonsense"})
    await gateway.client.post(address, json=body)

    assert [one.traceparent for one in gateway.submitted()] == [PARENT, None, None]
    assert [b"traceparent" in one.body for one in gateway.publisher.messages] == [True, False, False]


async def test_the_same_submission_in_another_trace_is_the_same_submission(gateway: Gateway) -> None:
    """A client that repeats a request may well do so in a new trace."""
    key = {"Idempotency-Key": "k"}
    body = {"plugin": "noop"}
    traced = key | {"traceparent": PARENT}
    first = await gateway.client.post("/api/v1/jobs", json=body, headers=traced)
    again = await gateway.client.post("/api/v1/jobs", json=body, headers=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["trace_id"] == first.json()["trace_id"] == TRACE


async def test_a_job_shows_its_trace_on_its_page_beside_its_error_and_in_the_api(gateway: Gateway) -> None:
    error = JobError(message="no", kind="JobFailedError")
    traced = job(1, status=Status.ERROR, error=error, traceparent=PARENT)
    gateway.reader.put(traced)
    gateway.reader.put(job(2, status=Status.ERROR, error=error))

    page = (await gateway.client.get(f"/jobs/{traced.id}", headers={"accept": "text/html"})).text
    other = (await gateway.client.get(f"/jobs/{job(2).id}", headers={"accept": "text/html"})).text

    assert page.count(TRACE) == 2
    assert f"trace {TRACE}" in page
    assert "race" not in other.replace("traceback", "").replace("Traceback", "")
    assert (await gateway.client.get(f"/api/v1/jobs/{traced.id}")).json()["trace_id"] == TRACE
    assert (await gateway.client.get(f"/api/v1/jobs/{job(2).id}")).json()["trace_id"] is None


async def test_openmetrics_leads_from_a_slow_request_to_its_trace(gateway: Gateway) -> None:
    await gateway.client.get("/api/v1/plugins", headers={"traceparent": PARENT})
    asked = {"accept": "application/openmetrics-text"}
    lines = (await gateway.client.get("/metrics", headers=asked)).text.splitlines()
    [line] = [one for one in lines if "_bucket" in one and 'route="/api/v1/plugins"' in one and TRACE in one]
    assert f'# {{trace_id="{TRACE}"}}' in line

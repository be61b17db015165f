"""The spans of an attempt as OpenTelemetry's SDK sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.unit.runner.scenes import JOB, scene

from taskmanager.messages import Grant
from taskmanager.model.jobs import JobSpec
from taskmanager.model.states import Status
from taskmanager.process import tracing
from taskmanager_plugin_runner.attempt.trace import AttemptTrace

SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOT_SAMPLED = SAMPLED[:-2] + "00"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracers", {"provider": provider, "tracer": provider.get_tracer("test")})
    yield exporter
    provider.shutdown()


def grant(traceparent: str | None) -> Grant:
    spec = JobSpec(plugin="noop")
    return Grant(claim_id="c", job=JOB, attempt=2, lease_seconds=60, spec=spec, traceparent=traceparent)


def traced(spans: InMemorySpanExporter, traceparent: str | None) -> list[ReadableSpan]:
    trace = AttemptTrace(grant(traceparent), "noop")
    trace.phase(Status.PROCESSING, 1.5)
    trace.over("finished")
    trace.over("finished")
    return list(spans.get_finished_spans())


def test_an_attempt_whose_submission_had_no_trace_is_linked_to_nothing(spans: InMemorySpanExporter) -> None:
    phase, attempt = traced(spans, None)
    assert not attempt.links
    assert attempt.attributes == {
        "taskmanager.job": JOB,
        "taskmanager.attempt": 2,
        "taskmanager.plugin": "noop",
        "taskmanager.outcome": "finished",
    }
    assert phase.start_time is not None
    assert phase.end_time is not None
    assert phase.end_time - phase.start_time == 1_500_000_000


def test_an_attempt_whose_submission_is_not_to_be_recorded_is_not(spans: InMemorySpanExporter) -> None:
    assert traced(spans, NOT_SAMPLED) == []
    assert len(traced(spans, SAMPLED)) == 2


async def test_an_attempt_that_fails_says_by_which_kind_of_error(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with scene("fail", tmp_path) as made:
        await made.start("fail", destination=str(tmp_path / "out"))

    attempt = spans.get_finished_spans()[-1]
    assert (attempt.name, attempt.status.status_code) == ("attempt fail", StatusCode.ERROR)
    assert attempt.status.description == "JobFailedError"
    assert attempt.attributes is not None
    assert attempt.attributes["taskmanager.outcome"] == "failed"

"""What the services tell Prometheus and a collector: all that is listed, and where a job came from."""

import gzip
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from deploy.reference.metrics import labels_of, metrics_of
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import Metric as MetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.e2e.system import System, running_system

from taskmanager.process import metrics as shared
from taskmanager.process.metrics import PREFIX
from taskmanager_gateway import metrics as gateway
from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_local.servers import RunningServer
from taskmanager_plugin_runner import metrics as runner
from taskmanager_scheduler import metrics as scheduler
from taskmanager_testing.waiting import LONG_SECONDS, eventually

MODULES = {"gateway": gateway, "scheduler": scheduler, "runner": runner}
SILENT = {
    "gateway": {f"{PREFIX}gateway_streams", f"{PREFIX}transaction_retries"},
    "scheduler": {
        f"{PREFIX}{name}"
        for name in (
            "goobi_report_lag_seconds",
            "goobi_reports",
            "goobi_undelivered_reports",
            "goobi_oldest_report_seconds",
            "plugin_replicas",
            "queue_in_danger",
        )
    },
    "runner": {f"{PREFIX}transaction_retries", f"{PREFIX}unreadable_documents"},
}
"""What has no series here: only some services use the database, nobody looks at a page, no Goobi is told, and
no queue is in danger."""
TOLD_APART = ("connection", "what")
"""Labels that tell apart what one process has several of; once they held the names of host and process."""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
pytestmark = pytest.mark.timeout(180)


@dataclass
class Collected:
    """The spans that came through the collector, each with the service that made it."""

    spans: list[tuple[str, Span]] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """One request of the collector."""
        for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {one.key: one.value.string_value for one in of_service.resource.attributes}
            for scope in of_service.scope_spans:
                self.spans += [(told["service.name"], span) for span in scope.spans]

    def of(self, service: str, name: str) -> list[Span]:
        """The spans of this name that the service made."""
        return [span for maker, span in self.spans if (maker, span.name) == (f"taskmanager-{service}", name)]


@contextmanager
def receiving(collected: Collected) -> Iterator[int]:
    """A server that takes what the collector passes on; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            packed = self.headers.get("content-encoding") == "gzip"
            collected.take(gzip.decompress(body) if packed else body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def rotel(folder: Path, passes_on_to: int) -> Iterator[str]:
    """A real collector; yields its address for OTLP over HTTP."""
    package = find_spec("rotel")
    if package is None or package.origin is None:
        pytest.skip("the collector rotel is not made for this machine")
    http, grpc = free_port(), free_port()
    arguments = {
        "otlp-http-endpoint": f"{LOOPBACK}:{http}",
        "otlp-grpc-endpoint": f"{LOOPBACK}:{grpc}",
        "pid-file": str(folder / "rotel.pid"),
        "log-file": str(folder / "rotel.log"),
        "exporter": "otlp",
        "otlp-exporter-protocol": "http",
        "otlp-exporter-endpoint": f"http://{LOOPBACK}:{passes_on_to}",
        "traces-batch-timeout": "100ms",
    }
    program = Path(package.origin).with_name("rotel-agent")
    options = [part for name, value in arguments.items() for part in (f"--{name}", value)]
    with (folder / "rotel.out").open("wb") as said:
        process = subprocess.Popen([program, "start", *options], stdout=said, stderr=said)
    try:
        yield f"http://{LOOPBACK}:{http}"
    finally:
        process.terminate()
        process.wait(LONG_SECONDS)


@pytest.fixture(scope="module")
def collected() -> Collected:
    return Collected()


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    rabbitmq: RunningServer,
    mongod: RunningServer,
    collected: Collected,
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("stage"))
    with ExitStack() as stack:
        address = stack.enter_context(rotel(folder, stack.enter_context(receiving(collected))))
        settings = {"TASKMANAGER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        made = running_system(folder / "system", rabbitmq, mongod, plugin="sleep", settings=settings)
        yield stack.enter_context(made)


def done(system: System, headers: dict[str, str] | None = None) -> str:
    """A job that was submitted with these headers and is DONE; its id."""
    source, name = system.roots / "in", uuid.uuid4().hex
    source.mkdir(exist_ok=True)
    (source / "page.tif").write_bytes(b"page")
    spec = {
        "plugin": "sleep",
        "parameters": {"seconds": 0.01},
        "source": str(source),
        "destination": str(system.roots / name),
    }
    with system.client() as client:
        answer = client.post("/api/v1/jobs", json=spec, headers=headers)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        job = str(answer.json()["id"])
    system.all_done([job])
    return job


def exposition(system: System, service: str) -> str:
    """What a service says of itself as OpenMetrics."""
    port = {one.name: one.port for one in system.services}[service]
    accept = {"accept": "application/openmetrics-text"}
    return httpx.get(f"http://{LOOPBACK}:{port}/metrics", headers=accept).text


def exported(system: System, service: str) -> dict[str, MetricFamily]:
    """Its metrics by the name of the family."""
    found = text_string_to_metric_families(exposition(system, service))  # type: ignore[no-untyped-call]
    return {one.name: one for one in found if one.name.startswith(PREFIX)}


@pytest.mark.parametrize("service", MODULES)
def test_each_service_shows_the_metrics_that_their_page_lists(system: System, service: str) -> None:
    """Names and labels of all of them, and of each at least one series, or it is never shown at all."""
    done(system)
    defined = (*metrics_of(shared), *metrics_of(MODULES[service]))
    told = {next(iter(one.describe())).name: one for one in defined}

    def spoken() -> dict[str, MetricFamily] | None:
        found = exported(system, service)
        return found if {name for name in told if not found[name].samples} <= SILENT[service] else None

    found = eventually(spoken, what="a series of each metric") or {}
    assert "inbox_not_counted" not in system.scheduler.log.read_text(), "it may count what waits in its queue"
    assert found.keys() == told.keys()
    for name, family in found.items():
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(labels_of(told[name])), sample
            for value in (sample.labels[label] for label in TOLD_APART if label in sample.labels):
                assert socket.gethostname() not in value
                assert not any(character.isdigit() for character in value), "an id"


def test_an_attempt_has_a_trace_of_its_own_that_leads_to_its_submission(
    system: System, collected: Collected
) -> None:
    job = done(system, PARENT)

    def of_the_job() -> Span | None:
        spans = collected.of("plugin-runner", "attempt sleep")
        return next((span for span in spans if told(span)["taskmanager.job"] == job), None)

    def submission() -> Span | None:
        spans = collected.of("gateway", "submit")
        return next((span for span in spans if span.trace_id.hex() == TRACE), None)

    attempt = eventually(of_the_job, what="the span of the attempt")
    submitted = eventually(submission, what="the span of the submission")
    assert attempt is not None
    assert submitted is not None
    assert submitted.parent_span_id.hex() == CALLER
    assert not attempt.parent_span_id
    assert attempt.trace_id != submitted.trace_id
    [link] = attempt.links
    assert (link.trace_id, link.span_id) == (submitted.trace_id, submitted.span_id)
    assert told(attempt) | {"taskmanager.plugin": "sleep", "taskmanager.outcome": "finished"} == told(attempt)

    phases = {span.name: span for _, span in collected.spans if span.parent_span_id == attempt.span_id}
    assert phases.keys() == {"WAITINGFORUPLOAD", "UPLOAD", "PROCESSING", "DOWNLOAD"}
    assert {span.trace_id for span in phases.values()} == {attempt.trace_id}
    starts = [phases[name].start_time_unix_nano for name in ("UPLOAD", "PROCESSING", "DOWNLOAD")]
    assert starts == sorted(starts)
    assert all(span.end_time_unix_nano <= attempt.end_time_unix_nano for span in phases.values())


def test_the_trace_of_a_job_is_found_from_the_job_the_log_and_the_metrics(system: System) -> None:
    job = done(system, PARENT)

    with system.client() as client:
        assert client.get(f"/api/v1/jobs/{job}").json()["trace_id"] == TRACE
    eventually(lambda: any(TRACE in line for line in ends(system, job)), what="the line of its end")
    for service, name in (("scheduler", "job_duration_seconds"), ("runner", "job_phase_seconds")):
        eventually(partial(leads_to_it, system, service, name), what=f"an exemplar of {name}")


def ends(system: System, job: str) -> list[str]:
    """What the scheduler's log says about the end of the job."""
    lines = system.scheduler.log.read_text().splitlines()
    return [line for line in lines if "jobs_ended" in line and job in line]


def leads_to_it(system: System, service: str, name: str) -> bool:
    """Whether a bucket of this histogram has the trace as its exemplar."""
    lines = exposition(system, service).splitlines()
    exemplars = [one.partition(" # ")[2] for one in lines if one.startswith(f"{PREFIX}{name}_bucket")]
    return any(TRACE in one for one in exemplars)


def told(span: Span) -> dict[str, str]:
    """The attributes of a span that are texts."""
    return {one.key: one.value.string_value for one in span.attributes}

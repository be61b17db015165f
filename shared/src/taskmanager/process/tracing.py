"""The trace that a piece of work belongs to, and spans for a collector; only this module names OpenTelemetry.

A submission may carry a `traceparent` (W3C Trace Context). Its trace id is kept with the job and written to
the log, whether or not traces are collected. Spans are made only if `configure` was told where to send them:
until then OpenTelemetry is not even loaded. Its global provider is left alone, so that no library begins to
trace by itself.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from taskmanager.errors import PermanentError
from taskmanager.process import logs

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SAMPLED = 0x01
_PATIENCE_SETTING = "OTEL_EXPORTER_OTLP_TIMEOUT"
LONGEST_EXPORT_SECONDS = 3.0
"""How long a collector may take, unless the SDK's own setting says otherwise; at its end a service waits."""
_NANOSECONDS = 1_000_000_000

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_tracers: dict[str, Any] = {}
"""The tracer and its provider, once tracing is on."""


def checked(header: str | None) -> str | None:
    """The `traceparent` of a request; None if there is none, or none that can be read."""
    return header if header is not None and _TRACEPARENT.fullmatch(header) else None


def trace_id_of(traceparent: str) -> str:
    """The id of its trace: 32 hexadecimal digits."""
    return traceparent[3:35]


def current() -> str | None:
    """The `traceparent` of the request that is being served."""
    return _current.get()


def exemplar(traceparent: str | None) -> dict[str, str] | None:
    """What an observation of a metric says about the trace it comes from."""
    return None if traceparent is None else {"trace_id": trace_id_of(traceparent)}


@contextmanager
def during(traceparent: str | None) -> Iterator[None]:
    """The trace of everything in here; its id stands in every line of the log."""
    if traceparent is None:
        yield
        return
    token = _current.set(traceparent)
    try:
        with logs.bound(trace_id=trace_id_of(traceparent)):
            yield
    finally:
        _current.reset(token)


def on() -> bool:
    """Whether spans are made."""
    return bool(_tracers)


def configure(service: str, version: str, endpoint: str | None) -> None:
    """Send spans to this OTLP endpoint (HTTP, `/v1/traces` is added); None: make none.

    Raises PermanentError if OpenTelemetry's SDK is not installed.
    """
    if endpoint is None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        message = "TASKMANAGER_OTLP_ENDPOINT needs OpenTelemetry's SDK: install the extra 'tracing'"
        raise PermanentError(message) from error
    resource = Resource.create({"service.name": f"taskmanager-{service}", "service.version": version})
    provider = TracerProvider(resource=resource)
    patience = None if _PATIENCE_SETTING in os.environ else LONGEST_EXPORT_SECONDS
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=patience)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracers.update(provider=provider, tracer=provider.get_tracer("taskmanager", version))


def shut_down() -> None:
    """Send what has not been sent yet; the collector has `LONGEST_EXPORT_SECONDS` to take it."""
    if provider := _tracers.pop("provider", None):
        _tracers.clear()
        provider.shutdown()


class OpenSpan:
    """One span, from its making until `end`."""

    def __init__(self, span: Any) -> None:
        """Wraps OpenTelemetry's span."""
        self._span = span

    @property
    def traceparent(self) -> str:
        """How others refer to it."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    def child(self, name: str, seconds: float, attributes: Mapping[str, Any]) -> None:
        """A part of it that is over now and took so long."""
        ended = time.time_ns()
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - loaded where tracing is on

        part = _tracers["tracer"].start_span(
            name,
            context=set_span_in_context(self._span),
            attributes=attributes,
            start_time=ended - int(seconds * _NANOSECONDS),
        )
        part.end(ended)

    def end(self, attributes: Mapping[str, Any], error: str | None = None) -> None:
        """It is over; `error` says why it failed, if it did."""
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - as above

        self._span.set_attributes(attributes)
        if error is not None:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end()


def serving(name: str, parent: str | None) -> OpenSpan | None:
    """A span for a request, in the caller's trace if it has one; None if no spans are made."""
    if not _tracers:
        return None
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - as above

    context = _context(parent) if parent else _nothing()
    return OpenSpan(_tracers["tracer"].start_span(name, context=context, kind=SpanKind.SERVER))


def linked(name: str, to: str | None, attributes: Mapping[str, Any]) -> OpenSpan | None:
    """A span that begins a trace of its own, with a link to where the work comes from.

    None if no spans are made, or if the trace it comes from is not to be recorded.
    """
    if not _tracers or (to is not None and not int(to[-2:], 16) & _SAMPLED):
        return None
    from opentelemetry.trace import Link, SpanKind  # noqa: PLC0415 - as above
    from opentelemetry.trace import get_current_span as span_in  # noqa: PLC0415

    links = [Link(span_in(_context(to)).get_span_context())] if to is not None else []
    span = _tracers["tracer"].start_span(
        name, context=_nothing(), kind=SpanKind.CONSUMER, attributes=attributes, links=links
    )
    return OpenSpan(span)


def _context(traceparent: str) -> Any:
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - as above
        TraceContextTextMapPropagator,
    )

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def _nothing() -> Any:
    """A context without a span."""
    from opentelemetry.context import Context  # noqa: PLC0415 - as above

    return Context()

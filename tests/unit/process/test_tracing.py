"""The trace of a submission: read from its header, kept during what it causes, and written to the log."""

import json
import sys

import pytest

from taskmanager.errors import PermanentError
from taskmanager.process import logs, tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (PARENT, PARENT),
        (None, None),
        ("", None),
        (PARENT.upper(), None),
        (f"01-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"{PARENT}-more", None),
        (f"{PARENT}\n", None),
        ("00-x-y-01; DROP TABLE jobs", None),
    ],
)
def test_a_traceparent_is_taken_only_as_the_recommendation_writes_it(
    header: str | None, taken: str | None
) -> None:
    assert tracing.checked(header) == taken


def test_what_happens_during_a_trace_knows_it_and_what_comes_after_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("test", log_format="json", level="info")
    log = logs.get_logger("a.module")

    with tracing.during(PARENT):
        log.info("within", job="1")
        within = tracing.current()
    with tracing.during(None):
        log.info("without")
    log.info("after")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("trace_id") for line in lines] == [TRACE, None, None]
    assert (within, tracing.current()) == (PARENT, None)


def test_no_spans_are_made_and_nothing_is_loaded_unless_a_collector_is_named() -> None:
    tracing.configure("test", "1", None)

    assert not tracing.on()
    assert tracing.serving("submit", PARENT) is None
    assert tracing.linked("attempt", PARENT, {}) is None
    tracing.shut_down()


def test_a_collector_without_the_sdk_is_a_fault_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(PermanentError, match="extra 'tracing'"):
        tracing.configure("test", "1", "http://127.0.0.1:4318")


def test_an_exemplar_holds_the_id_of_the_trace_alone() -> None:
    assert tracing.exemplar(PARENT) == {"trace_id": TRACE}
    assert tracing.exemplar(None) is None

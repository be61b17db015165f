"""Many jobs with a Goobi that is down half of the time, loses answers and answers nonsense.

`make goobi` runs it with 1,000 jobs and prints the counts; TASKMANAGER_GOOBI_JOBS says how many otherwise.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.e2e.conftest import BATCH, System
from tests.e2e.goobi_steps import DIALECTS, TOLD, settings_file

from taskmanager_testing.goobi import (
    EventKind,
    FakeGoobi,
    Fault,
    FaultKind,
    RunningGoobi,
    StepStatus,
    running_goobi,
)
from taskmanager_testing.waiting import eventually

JOBS = int(os.environ.get("TASKMANAGER_GOOBI_JOBS", "60"))
HALF_PERIOD_SECONDS = 1.0
"""So long it is up, and so long it is down."""
FAULTS = (
    Fault(FaultKind.LOST, chance=0.15),
    Fault(FaultKind.ERROR, chance=0.1, status=503),
    Fault(FaultKind.RESET, chance=0.1),
    Fault(FaultKind.GARBAGE, chance=0.05),
)


@pytest.fixture(scope="module")
def goobi() -> Iterator[RunningGoobi]:
    with running_goobi(FakeGoobi.with_books(JOBS)) as server:
        yield server


@pytest.fixture(scope="module")
def system_settings(goobi: RunningGoobi, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    file = settings_file(Path(tmp_path_factory.mktemp("settings")), goobi.url)
    return {"TASKMANAGER_GOOBI": str(file)}


@contextmanager
def down_half_of_the_time(server: RunningGoobi) -> Iterator[Counter[str]]:
    """Take it down and up again in turns; it is up at the end. Counts how often it was down."""
    over, count = threading.Event(), Counter[str]()

    def swing() -> None:
        while not over.wait(HALF_PERIOD_SECONDS):
            server.stop()
            count["down"] += 1
            over.wait(HALF_PERIOD_SECONDS)
            server.start()

    thread = threading.Thread(target=swing, name="down and up")
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()


@pytest.mark.timeout(900)
def test_every_step_is_closed_once_and_in_order_with_a_goobi_that_is_down_half_of_the_time(
    system: System, goobi: RunningGoobi, capsys: pytest.CaptureFixture[str]
) -> None:
    goobi.goobi.faults.set(*FAULTS)
    steps = [process.steps[0] for process in goobi.goobi.workflow.processes.values()]

    with down_half_of_the_time(goobi) as count:
        submit(system, goobi)
        eventually(
            lambda: all(step.status is StepStatus.DONE for step in steps),
            within_seconds=600,
            what="every step closed",
        )

    told = {process: told_of(goobi, process) for process in goobi.goobi.workflow.processes}
    assert {step.closings for step in steps} == {1}
    wrong = [process for process, events in told.items() if not in_order(events)]
    assert wrong == []
    with capsys.disabled():
        print_counts(goobi, count, told)


def submit(system: System, goobi: RunningGoobi) -> None:
    """A job for the first step of each process, in turn by each dialect."""
    jobs = [
        {"plugin": "noop", "goobi": origin(goobi, process, DIALECTS[process % len(DIALECTS)])}
        for process in goobi.goobi.workflow.processes
    ]
    for start in range(0, len(jobs), BATCH):
        answer = system.client.post("/api/v1/jobs/batch", json={"jobs": jobs[start : start + BATCH]})
        assert answer.status_code < httpx.codes.BAD_REQUEST, answer.text


def origin(goobi: RunningGoobi, process: int, dialect: str) -> dict[str, int | str]:
    """What a job says of where it comes from."""
    step = goobi.goobi.workflow.process(process).steps[0]
    return {"process_id": process, "step_id": step.id, "installation": dialect}


def told_of(goobi: RunningGoobi, process: int) -> list[EventKind]:
    """What a process was told, in order."""
    events = goobi.goobi.workflow.events
    return [event.kind for event in events if event.process_id == process and event.kind in TOLD]


def in_order(events: Sequence[EventKind]) -> bool:
    """First the entry, repeated at most, then the close, and no entry any more."""
    entries = events.count(EventKind.JOURNAL)
    closes = [EventKind.CLOSED, *[EventKind.CLOSED_AGAIN] * (len(events) - entries - 1)]
    return entries > 0 and list(events) == [EventKind.JOURNAL] * entries + closes


def print_counts(
    goobi: RunningGoobi, count: Mapping[str, int], told: Mapping[int, Sequence[EventKind]]
) -> None:
    """For the person who runs it."""
    faults = Counter(str(request.fault) for request in goobi.goobi.seen if request.fault)
    events = Counter(str(kind) for kinds in told.values() for kind in kinds)
    again = {
        dialect: sum(
            kinds.count(EventKind.JOURNAL) - 1
            for process, kinds in told.items()
            if DIALECTS[process % len(DIALECTS)] == dialect
        )
        for dialect in DIALECTS
    }
    lines = [
        f"{len(told)} jobs, {len(goobi.goobi.seen)} requests, Goobi down {count['down']} times",
        f"faults: {', '.join(f'{kind} {number}' for kind, number in sorted(faults.items()))}",
        f"arrived: {', '.join(f'{kind} {number}' for kind, number in sorted(events.items()))}",
        f"entries written again: {', '.join(f'{dialect} {number}' for dialect, number in again.items())}",
    ]
    print("\n" + "\n".join(lines))  # noqa: T201 - the counts are what `make goobi` is for

"""Why a job waits: one word for programs, one sentence for people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from taskmanager.model.control import Drain, Stop, StopMode
from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.queries import Position
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Status
from taskmanager.model.waiting import PluginLoad
from taskmanager_gateway.jobs.wait_reasons import Waiting, waiting_reason

from .conftest import MOMENT, Gateway, installed, job

NOTE = Attribution(by="anna", at=MOMENT, reason="wrong scan")
SINCE = "by anna at 2026-11-23 12:00:00 UTC"
UNTIL = "until an operator restarts it"
STOP = Stop(by="anna", at=MOMENT, reason="the disk\nis full")


def runner(name: str = "r-1", **fields: Any) -> RunnerState:
    state = {"slots": 2, "busy": 0, "alive": True, **fields}
    return RunnerState(
        id=name,
        instance="x",
        plugin="jp2",
        host="h",
        version="1",
        transfers=1,
        started_at=MOMENT,
        last_heartbeat=MOMENT,
        **state,
    )


def around(*runners: RunnerState, running: int = 0, **plugin: Any) -> PluginLoad:
    return PluginLoad(installed("jp2").model_copy(update=plugin), runners, running)


def told(waits: Job, circumstances: PluginLoad, position: Position | None = None) -> tuple[str, str]:
    reason = waiting_reason(waits, circumstances, position)
    assert reason is not None
    return reason.code, reason.sentence


DRAIN = Drain(by="anna", at=MOMENT, reason="a new disk")


@pytest.mark.parametrize(
    ("circumstances", "code", "sentence"),
    [
        (
            around(runner(drain=DRAIN), runner("r-2", alive=False)),
            "runners_drained",
            f"The only runner of plugin jp2 was drained {SINCE} (a new disk).",
        ),
        (
            around(runner(drain=Drain(by="ben", at=MOMENT - timedelta(days=1))), runner("r-2", drain=DRAIN)),
            "runners_drained",
            f"All 2 runners of plugin jp2 are drained, the last one {SINCE} (a new disk).",
        ),
        (
            around(runner(drain=DRAIN, busy=2), runner("r-2", busy=1), running=3),
            "its_turn",
            "Plugin jp2 has a free slot, so it starts when its turn comes.",
        ),
        (
            around(runner(), stop=STOP),
            "plugin_stopped",
            f"Plugin jp2 was stopped {SINCE} (the disk is full), {UNTIL}.",
        ),
        (
            around(stop=Stop(by="anna", at=MOMENT, until=MOMENT + timedelta(hours=1))),
            "plugin_stopped",
            "Plugin jp2 was stopped by anna at 2026-11-23 12:00:00 UTC, until 2026-11-23 13:00:00 UTC.",
        ),
        (around(), "no_runner", "No runner of plugin jp2 is alive."),
        (
            around(runner(alive=False), runner("r-0", alive=False)),
            "no_runner",
            "No runner of plugin jp2 is alive; the last one was heard from at 2026-11-23 12:00:00 UTC.",
        ),
        (
            around(runner(busy=2), running=1, max_running=1),
            "limit_reached",
            "Plugin jp2 runs 1 job, and its limit is 1.",
        ),
        (around(runner(busy=2), max_running=3), "no_free_slot", "All 2 slots of plugin jp2 are busy."),
        (
            around(runner(busy=0), runner("r-2", alive=False), running=2),
            "no_free_slot",
            "All 2 slots of plugin jp2 are busy.",
        ),
        (around(runner(slots=1, busy=1)), "no_free_slot", "The only slot of plugin jp2 is busy."),
        (
            around(runner(busy=1)),
            "its_turn",
            "Plugin jp2 has a free slot, so it starts when its turn comes.",
        ),
    ],
)
def test_the_weightiest_reason_is_told(circumstances: PluginLoad, code: str, sentence: str) -> None:
    assert told(job(1, plugin="jp2"), circumstances) == (code, sentence)


@pytest.mark.parametrize(
    ("position", "end"),
    [
        (Position(ahead=0), "; it is the next one."),
        (Position(ahead=1), "; 1 job starts before it."),
        (Position(ahead=2345), "; 2,345 jobs start before it."),
        (Position(ahead=10_000, capped=True), "; 10,000+ jobs start before it."),
    ],
)
def test_a_position_is_told_honestly(position: Position, end: str) -> None:
    reason = waiting_reason(job(1, plugin="jp2"), around(runner(busy=2)), position)

    assert reason is not None
    assert reason.sentence.endswith(end)
    assert (reason.position, reason.position_capped) == (position.ahead, position.capped)


def test_a_paused_job_says_who_keeps_it() -> None:
    def paused(**fields: Any) -> Job:
        return job(1, plugin="jp2", status=Status.PAUSED, **fields)

    stopped = around(runner(), stop=STOP)
    assert told(paused(held=NOTE), stopped) == (
        "held",
        f"It was held {SINCE} (wrong scan), until an operator releases it.",
    )
    assert told(paused(owner="r-1"), stopped) == (
        "suspended",
        f"It is paused because plugin jp2 was stopped {SINCE} (the disk is full), {UNTIL}.",
    )
    assert told(paused(), stopped)[0] == "plugin_stopped"
    assert told(paused(owner="r-1"), around(runner()))[0] == "suspended"
    assert told(paused(owner="r-1", held=NOTE, cancel=NOTE), stopped) == (
        "cancelling",
        f"Its cancellation was requested {SINCE} (wrong scan), and its runner is ending it.",
    )


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.STARTED, Status.PAUSED}))
def test_only_what_waits_has_a_reason(status: Status) -> None:
    assert waiting_reason(job(1, plugin="jp2", status=status), around(stop=STOP)) is None


def took(number: int, seconds: float, ago: timedelta = timedelta(minutes=5)) -> Job:
    ended = MOMENT - ago
    times = {"started_at": ended - timedelta(seconds=seconds), "finished": ended}
    return job(number, plugin="jp2", status=Status.DONE, **times)


FOUR = tuple(took(n, seconds) for n, seconds in enumerate((10, 20, 20, 30)))


def start_of(circumstances: PluginLoad, position: Position) -> tuple[float, float] | None:
    reason = waiting_reason(job(9, plugin="jp2"), circumstances, position, MOMENT)
    assert reason is not None
    expected = reason.expected_start
    if expected is None:
        return None
    return (expected.earliest - MOMENT).total_seconds(), (expected.latest - MOMENT).total_seconds()


def test_a_start_is_expected_by_the_last_jobs_and_the_places() -> None:
    busy = replace(around(runner(busy=2)), ended=FOUR, begun=[MOMENT, MOMENT - timedelta(seconds=8)])
    limited = replace(around(runner(busy=1), running=1, max_running=1), ended=FOUR, begun=[MOMENT])

    assert start_of(busy, Position(ahead=0)) == (10, 14)
    assert start_of(busy, Position(ahead=1)) == (18, 22)
    assert start_of(busy, Position(ahead=9)) == (88, 112)
    assert start_of(limited, Position(ahead=9)) == (175, 225)


def test_an_expected_start_does_not_move_on_while_the_jobs_before_it_run() -> None:
    begun = [MOMENT - timedelta(seconds=age) for age in (5, 15)]
    earlier = replace(around(runner(busy=2)), ended=FOUR, begun=[one + timedelta(seconds=4) for one in begun])
    later = replace(earlier, begun=begun)
    before, now = start_of(earlier, Position(ahead=3)), start_of(later, Position(ahead=3))

    assert before is not None
    assert now is not None
    assert (now[0] + 4, now[1] + 4) == before


def test_jobs_that_take_longer_than_usual_promise_no_start() -> None:
    stuck, usual = MOMENT - timedelta(hours=1), MOMENT
    one = replace(around(runner(busy=2)), ended=FOUR, begun=[stuck, usual])
    assert start_of(one, Position(ahead=1)) == (35, 45)  # on the other place alone
    assert start_of(replace(one, begun=[stuck, stuck]), Position(ahead=1)) is None


@pytest.mark.parametrize(
    ("circumstances", "position"),
    [
        (replace(around(runner(busy=2)), ended=FOUR[:3], begun=[MOMENT]), Position(ahead=1)),
        (
            replace(
                around(runner(busy=2)),
                ended=[took(n, 9, timedelta(days=8)) for n in range(9)],
                begun=[MOMENT],
            ),
            Position(ahead=1),
        ),
        (replace(around(runner(busy=2)), ended=FOUR, begun=[MOMENT]), Position(ahead=10_000, capped=True)),
        (replace(around(runner(busy=2), stop=STOP), ended=FOUR, begun=[MOMENT]), Position(ahead=1)),
        (replace(around(), ended=FOUR, begun=[MOMENT]), Position(ahead=1)),
        (replace(around(runner(busy=0)), ended=FOUR, begun=[MOMENT]), Position(ahead=0)),
    ],
    ids=["too few jobs", "old jobs", "uncounted", "stopped", "no runner", "a free slot"],
)
def test_where_nothing_speaks_for_a_start_none_is_promised(
    circumstances: PluginLoad, position: Position
) -> None:
    assert start_of(circumstances, position) is None


def test_every_reason_is_one_sentence() -> None:
    for stop in (None, STOP, Stop(by="a", at=MOMENT, mode=StopMode.FINISH)):
        for runners in ((), (runner(),), (runner(busy=2),)):
            _, sentence = told(job(1, plugin="jp2"), around(*runners, stop=stop), Position(ahead=3))
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert ". " not in sentence


async def shown(gateway: Gateway, known: Job) -> Waiting | None:
    answer = await gateway.client.get(f"/api/v1/jobs/{known.id}")
    reason = answer.json()["waiting"]
    return None if reason is None else Waiting.model_validate(reason)


async def test_one_job_is_shown_with_its_position_a_list_without(gateway: Gateway) -> None:
    jobs = [job(n, plugin="jp2", priority=n) for n in range(3)]
    for known in [*jobs, job(8, status=Status.PAUSED, held=NOTE), job(9, status=Status.PROCESSING)]:
        gateway.reader.put(known)

    alone = [await shown(gateway, known) for known in jobs]
    listed = (await gateway.client.get("/api/v1/jobs?tab=queue")).json()["jobs"]

    assert [reason and reason.position for reason in alone] == [2, 1, 0]
    reasons = {one["id"][-1]: one["waiting"] for one in listed}
    assert reasons["9"] is None
    assert reasons["8"]["code"] == "held"
    assert [reasons[number]["position"] for number in "012"] == [None, None, None]
    assert gateway.reader.calls["position"] == 3


async def test_a_list_looks_the_circumstances_up_once_and_only_if_something_waits(gateway: Gateway) -> None:
    for number in range(50):
        gateway.reader.put(job(number, plugin="jp2"))
    gateway.reader.put(job(99, status=Status.DONE, finished=MOMENT))
    before = gateway.reader.calls["runners"]

    await gateway.client.get("/api/v1/jobs?tab=done")
    assert gateway.reader.calls["runners"] == before
    await gateway.client.get("/api/v1/jobs?tab=queue")
    assert gateway.reader.calls["runners"] == before + 1

"""Order, waits, giving up and recovery of deliveries, without HTTP: Goobi is what the test says."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from tests.unit.goobi.reports import NOW, HandClock, report, traced_job

from taskmanager.errors import StoreUnavailableError
from taskmanager.goobi.settings import GoobiSettings, parse
from taskmanager.model.reports import Report, ReportKind, ReportState, Withdrawal
from taskmanager.ports.report_store import Among
from taskmanager_scheduler.background.waits import wait_after
from taskmanager_scheduler.goobi.calls import Answer, GoobiCall
from taskmanager_scheduler.goobi.lane import Lane
from taskmanager_scheduler.goobi.orphans import Orphans
from taskmanager_scheduler.goobi.telling import LOOKS_IN_VAIN, Telling
from taskmanager_scheduler.goobi.transport import UnreachableError
from taskmanager_testing.reports import MemoryReports, withdrawn

CLOSED = ReportKind.CLOSE_STEP
SETTINGS = parse(
    {"installations": {"main": {"dialect": "core", "url": "http://goobi/goobi", "concurrency": 2}}}, "f"
)


def nothing_done(call: GoobiCall) -> Answer:
    """What Goobi says of a process whose journal is empty and whose step is at work."""
    return Answer(200, "[]" if call.path.endswith("/journal") else '{"status": "stepinwork"}')


class Script:
    """Answers calls as told, and keeps them."""

    def __init__(self, answer: Callable[[GoobiCall], Answer | Exception] = lambda _: Answer(200)) -> None:
        self.answer, self.calls = answer, list[GoobiCall]()

    async def send(self, call: GoobiCall) -> Answer:
        self.calls.append(call)
        await asyncio.sleep(0)
        answer = self.answer(call)
        if isinstance(answer, Exception):
            raise answer
        return nothing_done(call) if call.method == "GET" and answer == Answer(200) else answer

    async def close(self) -> None:
        pass

    @property
    def writes(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls if call.method != "GET"]


class Stage:
    """A lane over reports in memory, with a clock moved by hand."""

    def __init__(
        self, *reports: Report, script: Script | None = None, settings: GoobiSettings = SETTINGS
    ) -> None:
        self.clock, self.script = HandClock(), script or Script()
        self.store = MemoryReports({one.id: one for one in reports}, lambda: self.away)
        self.away = False
        telling = Telling(settings, settings.installations["main"], self.script)
        among = Among(("main", None))
        self.lane = Lane("main", among, telling, self.store, self.clock, chance=lambda: 1.0)

    def states(self) -> list[ReportState]:
        return [one.state for one in sorted(self.store.reports.values(), key=lambda one: one.seq)]

    async def after(self, **span: float) -> list[ReportState]:
        self.clock.move(**span)
        await self.lane.run_once()
        return self.states()


DELIVERED, PENDING, GIVEN_UP = ReportState.DELIVERED, ReportState.PENDING, ReportState.GIVEN_UP


async def test_the_reports_of_a_job_go_out_in_order() -> None:
    stage = Stage(report(2, CLOSED), report(1))
    assert await stage.after() == [DELIVERED, DELIVERED]
    assert stage.script.writes == ["POST /api/process/1/journal", "PUT /api/process/1/step/11/close"]
    assert stage.store.reports["job-1:00000001"].delivered_at == NOW
    assert not await stage.lane.run_once()


@pytest.mark.parametrize(("status", "event"), [(200, "report_delivered"), (500, "report_not_taken")])
async def test_a_line_about_a_report_names_the_trace_of_its_job(status: int, event: str) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    stage = Stage(
        report(1, job="traced"),
        report(2, job="other"),
        script=Script(lambda _: Answer(status)),
    )
    stage.store.jobs = {"traced": traced_job("traced", traceparent)}
    with capture_logs(processors=[merge_contextvars]) as logs:
        await stage.after()
    traces = {one["report"].partition(":")[0]: one.get("trace_id") for one in logs if one["event"] == event}
    assert traces == {"traced": traceparent[3:35], "other": None}


async def test_the_time_until_a_report_is_delivered_is_counted_by_kind_from_its_making() -> None:
    def lag(kind: str, what: str) -> float | None:
        labels = {"installation": "main", "kind": kind}
        return REGISTRY.get_sample_value(f"taskmanager_goobi_report_lag_seconds_{what}", labels)

    stage = Stage(report(2, CLOSED, job="late"))
    before = lag("close_step", "count"), lag("close_step", "sum")
    assert None not in before, "it begins at 0"
    stage.script.answer = lambda _: Answer(500)
    assert await stage.after() == [PENDING]
    stage.script.answer = lambda _: Answer(200)
    assert await stage.after(seconds=90) == [DELIVERED]
    after = lag("close_step", "count"), lag("close_step", "sum")
    assert [one - other for one, other in zip(after, before, strict=True)] == [1, 90]  # type: ignore[operator]


async def test_what_is_not_taken_holds_up_the_rest_of_its_job_only() -> None:
    script = Script(lambda call: Answer(500, "no") if "process/2" in call.path else Answer(200))
    goobi = {"process_id": 2, "step_id": 21}
    stage = Stage(
        report(1, job="bad", goobi=goobi),
        report(2, CLOSED, job="bad", goobi=goobi),
        report(3),
        report(4, CLOSED),
        script=script,
    )
    assert await stage.after() == [PENDING, PENDING, DELIVERED, DELIVERED]
    bad = stage.store.reports["bad:00000001"]
    assert (bad.attempts, bad.last_answer) == (1, "500: no")
    assert bad.next_try == NOW + timedelta(seconds=2)
    assert stage.store.reports["bad:00000002"].next_try == bad.next_try
    assert "PUT /api/process/2/step/21/close" not in script.writes


async def test_a_step_is_not_set_to_error_once_its_job_was_tried_again_however_late_that_is() -> None:
    def retried_meanwhile(call: GoobiCall) -> Answer:
        """The operator tries the job again while its log entry is being told."""
        gone = Withdrawal(job="job-1", below=3, at=NOW)
        stage.store.reports |= {one.id: one for one in withdrawn(stage.store.reports.values(), gone)}
        return nothing_done(call) if call.method == "GET" else Answer(200)

    script = Script(retried_meanwhile)
    stage = Stage(report(1), report(2, ReportKind.ERROR_STEP), report(30, CLOSED), script=script)
    assert await stage.after() == [DELIVERED, ReportState.WITHDRAWN, DELIVERED]
    assert script.writes == ["POST /api/process/1/journal", "PUT /api/process/1/step/11/close"]


async def test_tries_become_rarer_up_to_a_bound_and_end() -> None:
    stage = Stage(report(), script=Script(lambda _: Answer(500)))
    waits = []
    for _ in range(12):
        await stage.lane.run_once()
        one = next(iter(stage.store.reports.values()))
        assert one.next_try is not None
        waits.append((one.next_try - stage.clock.now()).total_seconds())
        await stage.after(seconds=-1)  # not before its time: nothing is tried
        stage.clock.move(seconds=waits[-1] + 62)
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == 900
    assert await stage.after(days=30) == [GIVEN_UP]


async def test_after_a_report_is_given_up_the_next_one_of_its_job_goes_out() -> None:
    script = Script(lambda call: Answer(400, "unknown type") if "journal" in call.path else Answer(200))
    stage = Stage(report(1), report(2, CLOSED), script=script)
    assert await stage.after() == [GIVEN_UP, DELIVERED]
    assert stage.store.reports["job-1:00000001"].last_answer == "400: unknown type"


async def test_an_installation_that_is_away_is_asked_seldom_and_by_few_requests() -> None:
    script = Script(lambda _: UnreachableError("goobi refuses the connection"))
    stage = Stage(*(report(number, job=f"job-{number}") for number in range(1, 51)), script=script)
    await stage.after()
    assert len(script.calls) <= 2
    for _ in range(3600):
        stage.clock.move(seconds=1)
        await stage.lane.run_once()
    assert len(script.calls) < 200
    script.answer = lambda _: Answer(200)
    states: list[ReportState] = []
    for _ in range(140):
        states = await stage.after(seconds=1)
    assert states == [DELIVERED] * 50


async def test_a_report_that_goobi_never_takes_delays_none_that_come_later() -> None:
    script = Script(lambda call: Answer(500, "no") if "process/2" in call.path else Answer(200))
    stage = Stage(report(1, job="bad", goobi={"process_id": 2, "step_id": 21}), script=script)
    for _ in range(200):
        await stage.after(seconds=1)
    late = report(2, job="late")
    stage.store.reports[late.id] = late
    assert (await stage.after(seconds=1))[1] is DELIVERED


async def test_the_longest_wait_of_the_settings_is_also_that_for_an_installation_that_is_away() -> None:
    table = {"dialect": "core", "url": "http://goobi/goobi", "longest_wait_seconds": 5}
    script = Script(lambda _: UnreachableError("goobi refuses the connection"))
    stage = Stage(report(), script=script, settings=parse({"installations": {"main": table}}, "f"))
    for _ in range(60):
        await stage.after(seconds=1)
    script.answer = lambda _: Answer(200)
    states = [(await stage.after(seconds=1))[0] for _ in range(6)]
    assert DELIVERED in states


async def test_a_goobi_that_refuses_everything_is_asked_seldom_too() -> None:
    script = Script(lambda _: Answer(401, "token?"))
    stage = Stage(*(report(number, job=f"job-{number}") for number in range(1, 501)), script=script)
    for _ in range(600):
        await stage.after(seconds=1)
    assert len(script.calls) < 200
    script.answer = lambda _: Answer(200)
    states: list[ReportState] = []
    for _ in range(600):
        states = await stage.after(seconds=1)
    assert set(states) == {DELIVERED}


async def test_a_lost_answer_is_looked_for_before_it_is_told_again() -> None:
    written: list[str] = []

    def goobi(call: GoobiCall) -> Answer | Exception:
        if call.method == "GET":
            entries = ",".join(f'{{"userName": "TaskManager", "message": "{text}"}}' for text in written)
            return Answer(200, f"[{entries}]")
        written.append("jp2: finished, 12 files, 34.5 MB, in 2 min 5 s.")
        return UnreachableError("broke off")

    stage = Stage(report(), script=Script(goobi))
    assert await stage.after() == [PENDING]
    assert await stage.after(seconds=61) == [DELIVERED]
    assert len(written) == 1
    assert stage.store.reports["job-1:00000001"].last_answer == "was done already"


async def test_what_may_be_done_already_waits_until_it_can_be_seen_but_not_for_ever() -> None:
    script = Script(lambda call: Answer(500, "no journal today") if call.method == "GET" else Answer(200))
    stage = Stage(report(), script=script)
    stage.lane.begin_anew()
    for _ in range(LOOKS_IN_VAIN):
        assert await stage.after(hours=1) == [PENDING]
    assert script.writes == []
    assert await stage.after(hours=1) == [DELIVERED]


@pytest.mark.parametrize("status", [401, 403, 404, 405])
async def test_where_goobi_cannot_be_read_it_is_told_at_once(status: int) -> None:
    script = Script(lambda call: Answer(status) if call.method == "GET" else Answer(200))
    stage = Stage(report(), script=script)
    stage.lane.begin_anew()
    assert await stage.after() == [DELIVERED]


async def test_what_is_older_than_this_schedulers_turn_may_have_been_told_already() -> None:
    stage = Stage(report(), script=Script(lambda _: Answer(200, "[]")))
    stage.lane.begin_anew()
    await stage.after()
    assert [call.method for call in stage.script.calls] == ["GET", "POST"]


async def test_a_step_that_is_closed_already_counts_as_closed() -> None:
    def goobi(call: GoobiCall) -> Answer:
        return Answer(200, '{"status": "stepdone"}') if call.method == "GET" else Answer(409, "conflict")

    stage = Stage(report(1, CLOSED), script=Script(goobi))
    assert await stage.after() == [DELIVERED]


async def test_a_step_that_cannot_be_closed_is_tried_again() -> None:
    def goobi(call: GoobiCall) -> Answer:
        return Answer(200, '{"status": "steplocked"}') if call.method == "GET" else Answer(409, "locked")

    stage = Stage(report(1, CLOSED), script=Script(goobi))
    assert await stage.after() == [PENDING]


async def test_without_the_database_nothing_is_lost_and_what_was_told_is_told_again() -> None:
    stage = Stage(report())

    def goobi(_: GoobiCall) -> Answer:
        stage.away = True
        return Answer(200)

    stage.script.answer = goobi
    with pytest.raises(StoreUnavailableError):
        await stage.lane.run_once()
    stage.away, stage.script.answer = False, lambda _: Answer(200)
    assert await stage.after() == [DELIVERED]
    assert [call.method for call in stage.script.calls] == ["POST", "GET", "POST"]


async def test_a_report_that_nobody_foresaw_does_not_hold_up_others() -> None:
    def goobi(call: GoobiCall) -> Answer | Exception:
        return RuntimeError("defect") if "process/2" in call.path else Answer(200)

    strange = report(1, job="bad", goobi={"process_id": 2})
    stage = Stage(strange, report(2), script=Script(goobi))
    assert await stage.after() == [PENDING, DELIVERED]


async def test_what_the_settings_do_not_want_told_is_left_out() -> None:
    table: dict[str, Any] = {
        "dialect": "core",
        "url": "http://goobi/goobi",
        "on_done": {"entry": "", "step": False},
    }
    settings = parse({"installations": {"main": table}}, "f")
    stage = Stage(report(1), report(2, CLOSED), settings=settings)
    assert await stage.after() == [DELIVERED, DELIVERED]
    assert stage.script.calls == []
    assert stage.store.reports["job-1:00000001"].last_answer == (
        "left out: on_done.entry is empty in the settings"
    )


async def test_a_callback_goes_to_known_hosts_only() -> None:
    stage = Stage(
        report(1, ReportKind.CALLBACK, callback_url="http://goobi/goobi/api/plugins/ocr/7/done"),
        report(2, ReportKind.CALLBACK, job="other", callback_url="http://elsewhere/"),
    )
    assert await stage.after() == [DELIVERED, GIVEN_UP]
    (call,) = stage.script.calls
    assert (call.method, call.headers["jobType"], call.content) == ("POST", "jp2", None)


async def test_reports_of_an_installation_that_is_gone_are_given_up_and_say_why() -> None:
    gone = report(goobi={"process_id": 1, "installation": "old"})
    store = MemoryReports({gone.id: gone})
    orphans = Orphans(Among((None, "main"), others=True), SETTINGS, store, HandClock())
    assert await orphans.run_once()
    after = store.reports[gone.id]
    assert (after.state, after.last_answer) == (
        GIVEN_UP,
        "no Goobi installation is called 'old' (known: main)",
    )
    assert not await orphans.run_once()


def test_waits_double_and_are_spread_over_their_upper_half() -> None:
    longest = timedelta(minutes=15)
    assert wait_after(1, longest, 0.0) == timedelta(seconds=1)
    assert wait_after(3, longest, 1.0) == timedelta(seconds=8)
    assert wait_after(1000, longest, 1.0) == longest

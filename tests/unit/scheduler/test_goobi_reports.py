"""Which reports follow from which change of a job, and what a message to Goobi does to it."""

from typing import Any

import pytest
from tests.unit.scheduler.scenes import BEGIN, JOB, ONE, SPEC, at, claim, fail, play, to_download, wanted

from taskmanager.messages import (
    Command,
    Finished,
    Inbound,
    JobCommand,
    ReplayReports,
    RunnerEvents,
    SendMessage,
    Submit,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import GoobiReference, JobSpec
from taskmanager.model.log_types import LogType
from taskmanager.model.reports import OperatorMessage, Replay, Report, ReportKind, ReportState
from taskmanager.model.states import Status
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway, StoreReport
from taskmanager_scheduler.jobs.english import english
from taskmanager_scheduler.jobs.events import Event, GoobiMessageRequested, Transition
from taskmanager_scheduler.jobs.transitions import transition
from taskmanager_testing.store import MemoryStore

DONE = Finished(job=JOB, attempt=1, seq=4, files=3, bytes=12)
CALLBACK = "http://goobi/goobi/api/plugins/ocr/7/done"


def reports(step: Transition) -> list[Report]:
    return [effect.report for effect in step.effects if isinstance(effect, StoreReport)]


def kinds(*events: Event, **more: Any) -> list[ReportKind]:
    return [one.kind for one in reports(play(*events, spec=SPEC.model_copy(update=more)))]


def test_a_done_job_writes_an_entry_and_then_closes_its_step() -> None:
    assert kinds(*to_download(), DONE) == [ReportKind.ENTRY, ReportKind.CLOSE_STEP]


def test_a_failed_job_writes_an_entry_before_its_step_is_set_to_error() -> None:
    entry, error = reports(play(*to_download(), fail(1, 5, crashed=False)))
    assert (entry.kind, error.kind) == (ReportKind.ENTRY, ReportKind.ERROR_STEP)
    assert entry.seq < error.seq
    assert entry.id < error.id
    assert (entry.facts.error, entry.status) == ("bad", Status.ERROR)


def test_a_cancelled_job_writes_an_entry_and_leaves_its_step_alone() -> None:
    (entry,) = reports(play(wanted(JobAction.CANCEL)))
    assert (entry.kind, entry.status, entry.facts.by) == (ReportKind.ENTRY, Status.CANCELLED, "anna")


def test_a_job_without_a_step_writes_an_entry_only() -> None:
    assert kinds(*to_download(), DONE, goobi=GoobiReference(process_id=1)) == [ReportKind.ENTRY]


def test_a_job_that_is_not_goobis_reports_nothing() -> None:
    assert kinds(*to_download(), DONE, goobi=None) == []


def test_a_callback_takes_the_place_of_closing_the_step() -> None:
    spec = JobSpec.model_validate({**SPEC.model_dump(), "callback_url": CALLBACK})
    entry, callback = reports(play(*to_download(), DONE, spec=spec))
    assert (entry.kind, callback.kind) == (ReportKind.ENTRY, ReportKind.CALLBACK)
    assert (str(callback.callback_url), callback.callback_job_type) == (CALLBACK, "jp2")
    assert entry.callback_url is None
    failed = reports(play(*to_download(), fail(1, 5, crashed=False), spec=spec))
    assert [one.kind for one in failed] == [ReportKind.ENTRY, ReportKind.ERROR_STEP]


@pytest.mark.parametrize("place", ["parameters", "extra"])
def test_a_callback_says_which_half_of_mixed_ocr_is_ready(place: str) -> None:
    fields = {**SPEC.model_dump(), "callback_url": CALLBACK, place: {"fontType": "fracture"}, "goobi": None}
    (callback,) = reports(play(*to_download(), DONE, spec=JobSpec.model_validate(fields)))
    assert callback.callback_job_type == "fracture"


def test_a_report_keeps_what_the_job_was_when_it_ended() -> None:
    entry = reports(play(*to_download(), DONE))[0]
    assert (entry.facts.files, entry.facts.bytes, entry.facts.seconds) == (3, 12, 0.0)
    assert (entry.created, entry.since, entry.next_try) == (BEGIN, BEGIN, BEGIN)


def test_the_reports_of_a_retried_job_come_after_those_of_its_failure() -> None:
    failed = play(*to_download(), fail(1, 5, crashed=False))
    again = transition(failed.job, wanted(JobAction.RETRY), at())
    cancelled = transition(again.job, wanted(JobAction.CANCEL), at())
    assert max(one.seq for one in reports(failed)) < min(one.seq for one in reports(cancelled))


async def test_a_retry_withdraws_what_makes_it_untrue_in_the_same_transaction() -> None:
    """This also holds in one group with the failures before and after it; the later one is reported."""
    store = MemoryStore()
    submit = Submit(job=JOB, client="c", submitted_at=BEGIN, spec=SPEC)
    runner = {"plugin": "jp2", "runner": ONE.runner, "instance": ONE.instance}
    first, second = (
        RunnerEvents.model_validate(
            {**runner, "events": (claim(number, f"c{number}"), fail(number, 1, crashed=False))}
        )
        for number in (1, 2)
    )
    retry = Command(
        id="r", gateway="g", actor="anna", at=BEGIN, order=JobCommand(job=JOB, action=JobAction.RETRY)
    )
    messages: list[Inbound] = [submit, first, retry, second]

    await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, BEGIN))

    told = sorted(store.reports.values(), key=lambda one: one.seq)
    assert [(one.kind, one.state) for one in told] == [
        (ReportKind.ENTRY, ReportState.PENDING),
        (ReportKind.ERROR_STEP, ReportState.WITHDRAWN),
        (ReportKind.ENTRY, ReportState.PENDING),
        (ReportKind.ERROR_STEP, ReportState.PENDING),
    ]


def test_a_message_changes_nothing_but_the_history() -> None:
    done = play(*to_download(), DONE).job
    assert done is not None
    note = wanted(JobAction.CANCEL).note
    step = transition(
        done, GoobiMessageRequested("command-1", OperatorMessage(text="Look at page 7"), note), at()
    )
    assert step.job is not None
    entry = step.job.history[-1]
    assert (english(entry.told), entry.report) == (
        "message to Goobi (info) by anna: Look at page 7",
        "command-1",
    )
    assert step.job == done.model_copy(update={"history": step.job.history, "rev": done.rev + 1})
    (report,) = reports(step)
    assert (report.id, report.kind, report.facts.by) == ("command-1", ReportKind.MESSAGE, "anna")


def message(name: str = "command-1") -> Command:
    order = SendMessage(job=JOB, message=OperatorMessage(type=LogType.WARN, text="Look"))
    return Command(id=name, gateway="g", actor="anna", at=BEGIN, order=order)


async def told(store: MemoryStore, *messages: Submit | Command) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, BEGIN))


def answers(outcome: Decision) -> list[str]:
    return [one.result.outcome for one in outcome.effects if isinstance(one, AnswerGateway)]


async def test_a_message_handed_out_twice_by_the_broker_is_written_once() -> None:
    store = MemoryStore()
    submit = Submit(job=JOB, client="test", submitted_at=BEGIN, spec=SPEC)
    assert answers(await told(store, submit, message())) == ["done"]
    assert answers(await told(store, message())) == ["unchanged"]
    assert list(store.reports) == ["command-1"]
    assert english(store.audit["command-1"].asked) == "message to Goobi, warn"
    assert store.audit["command-1"].job == JOB
    assert answers(await told(store, message("command-2"))) == ["done"]
    assert [store.reports[name].seq for name in ("command-1", "command-2")] == sorted(
        one.seq for one in store.reports.values()
    )


async def test_a_message_about_a_job_that_is_not_goobis_is_refused() -> None:
    store = MemoryStore()
    spec = SPEC.model_copy(update={"goobi": None})
    submit = Submit(job=JOB, client="test", submitted_at=BEGIN, spec=spec)
    assert answers(await told(store, submit, message())) == ["refused"]
    assert store.reports == {}


async def test_a_replay_is_part_of_what_is_stored_and_in_the_audit() -> None:
    order = ReplayReports(installations=("main", None))
    command = Command(id="command-3", gateway="g", actor="anna", at=BEGIN, order=order)
    outcome = await told(MemoryStore(), command)
    assert outcome.replays == [Replay(installations=("main", None), at=BEGIN)]
    assert english(outcome.audit[0].asked) == "replay undelivered reports of main, the default one"

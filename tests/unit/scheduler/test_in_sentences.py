"""Beside gateways of before the codes the scheduler writes and sends what these can read."""

from datetime import UTC, datetime

from taskmanager.messages import Command, CommandResult, JobCommand, StopOperation, Submit
from taskmanager.model.control import JobAction, Stop
from taskmanager.model.jobs import (
    Attribution,
    FileRecord,
    FileState,
    HistoryEntry,
    Interruption,
    Job,
    JobError,
    JobSpec,
    Record,
)
from taskmanager.model.manifest import PluginManifest, PluginText
from taskmanager.model.operations import Failure, JobFilter, Operation
from taskmanager.model.reasons import automatic, refusals
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager.model.registry import InstalledPlugin, StoredFile
from taskmanager.model.states import Status
from taskmanager.mongo.base.documents import to_document
from taskmanager.ports.store import Plan, Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.in_sentences import in_sentences
from taskmanager_scheduler.jobs.effects import AnswerGateway

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class EarlierEntry(Record):
    """An entry of the history as the last version without codes declared it."""

    at: datetime
    status: Status
    attempt: int
    note: str
    runner: str | None = None
    report: str | None = None


class EarlierResult(Record):
    """The answer to a command likewise."""

    v: int
    type: str
    id: str
    outcome: str
    detail: str = ""


class EarlierAudit(Record):
    """The entry of the audit likewise."""

    id: str
    at: datetime
    actor: str
    reason: str
    action: str
    job: str | None = None
    plugin: str | None = None
    runner: str | None = None
    subject: str | None = None
    outcome: str
    detail: str = ""


class EarlierFailure(Record):
    """A job an operation could not change likewise."""

    operation: str
    number: int
    job: str
    reason: str
    at: datetime


def command(action: JobAction) -> Command:
    order = JobCommand(job="1", action=action)
    return Command(id=f"c-{action}", gateway="g", actor="anna", reason="wrong scan", at=NOW, order=order)


def outcome() -> Decision:
    submit = Submit(job="1", client="test", submitted_at=NOW, spec=JobSpec(plugin="noop"))
    return decide([submit, command(JobAction.CANCEL), command(JobAction.HOLD)], Snapshot(), NOW)


def test_an_earlier_gateway_reads_history_audit_answers_and_failures() -> None:
    failure = Failure(operation="o", number=1, job="1", why=refusals.NO_JOB(), at=NOW)
    plain = in_sentences(outcome())
    (told,) = in_sentences(Plan(failures=[failure])).failures
    ((_, job),) = plain.jobs

    history = [EarlierEntry.model_validate(entry) for entry in to_document(job)["history"]]
    assert [entry.note for entry in history] == ["accepted", "cancelled at once by anna: wrong scan"]
    audit = [EarlierAudit.model_validate(entry.model_dump()) for entry in plain.audit]
    refusal = "the job has ended (CANCELLED): there is nothing to hold"
    assert [(entry.outcome, entry.detail) for entry in audit] == [("done", ""), ("refused", refusal)]
    answers = [effect.result for effect in plain.effects if isinstance(effect, AnswerGateway)]
    results = [EarlierResult.model_validate_json(answer.encode()) for answer in answers]
    assert [result.detail for result in results] == ["", refusal]
    assert EarlierFailure.model_validate(told.model_dump()).reason == "there is no such job"


def test_what_is_stored_and_sent_otherwise_is_the_code_alone() -> None:
    found = outcome()
    ((_, job),) = found.jobs
    assert to_document(job)["history"][-1] == {
        "at": NOW,
        "status": Status.CANCELLED,
        "attempt": 0,
        "what": {
            "code": "history.cancelled",
            "parameters": {
                "method": {"code": "history.at_once", "parameters": {}},
                "by": "anna",
                "why": "wrong scan",
            },
        },
        "note": "",
        "runner": None,
        "report": None,
    }
    assert HistoryEntry.model_validate(to_document(job)["history"][-1]) == job.history[-1]


def test_an_answer_of_an_earlier_scheduler_is_read() -> None:
    sent = EarlierResult(v=1, type="command_result", id="c", outcome="refused", detail="it is DONE")
    told = CommandResult.model_validate_json(sent.model_dump_json()).told
    assert (told.code, told.parameters) == ("text.prose", {"text": "it is DONE"})


def test_errors_warnings_and_plugins_are_written_as_earlier_services_read_them() -> None:
    text = picture_texts.EMPTY()
    error = JobError.of(text, "JobFailedError")
    job = Job(
        id="1", spec=JobSpec(plugin="noop"), client="c", status=Status.ERROR, priority=5, created=NOW,
        queued_at=NOW, error=error, warnings=1, warning_texts=(text,), warning_reasons=(error.reason,),
    )  # fmt: skip
    file = FileRecord(name="a", state=FileState.FAILED, error=text, warnings=(text,))
    stored = StoredFile(job="1", attempt=1, number=1, at=NOW, file=file)
    manifest = PluginManifest(
        name="noop", title="N", job_type="N", texts={"odd": PluginText(english="it is odd")}
    )
    plugin = InstalledPlugin(manifest=manifest, installed_at=NOW)
    plan = in_sentences(Plan(jobs=[(None, job)], files=[stored], plugins=[plugin]))
    written = [one.model_dump_json() for one in (plan.jobs[0][1], plan.files[0], plan.plugins[0])]
    assert '"message":"it is empty"' in written[0]
    assert '"warnings":["it is empty"]' in written[1]
    for name in ("reason", "reasons", "warning_reasons", "error_reason", "texts"):
        assert f'"{name}":' not in "".join(written), name


def test_why_the_scheduler_stopped_something_is_written_as_earlier_gateways_read_it() -> None:
    why = automatic.FAILURES_IN_A_ROW(count=3, job="1", error="no disk")
    stop = Stop(by=automatic.BREAKER, at=NOW, why=why)
    manifest = PluginManifest(name="noop", title="N", job_type="N")
    plugin = InstalledPlugin(manifest=manifest, installed_at=NOW, stop=stop)
    asked = Attribution(by="anna", at=NOW)
    defect = Interruption(by=automatic.SCHEDULER, at=NOW, why=automatic.DEFECT(error="odd"))
    operation = Operation(
        id="o", action=JobAction.HOLD, filter=JobFilter(plugin="noop"), asked=asked, stop=defect
    )
    plan = in_sentences(Plan(plugins=[plugin], operations=[(operation, operation)]))
    told = "3 jobs in a row failed, the last one (1) with: no disk"
    assert plan.plugins[0].model_dump()["stop"] == {
        "by": "circuit breaker", "at": NOW, "reason": told, "mode": "suspend", "until": None
    }  # fmt: skip
    assert plan.operations[0][1].model_dump()["stop"] == {
        "by": "scheduler", "at": NOW, "reason": "a defect of the scheduler: odd"
    }  # fmt: skip


def test_an_operator_s_stop_is_written_in_either_form() -> None:
    asked = Attribution(by="anna", at=NOW)
    operation = Operation(id="o", action=JobAction.HOLD, filter=JobFilter(plugin="noop"), asked=asked)
    order = StopOperation(operation="o")
    stop = Command(id="c", gateway="g", actor="ben", reason="too many", at=NOW, order=order)
    decision = decide([stop], Snapshot(operations={"o": operation}), NOW)
    for plan in (decision, in_sentences(decision)):
        stored = plan.operations[0][1].model_dump()["stop"]
        assert stored == {"by": "ben", "at": NOW, "reason": "too many"}

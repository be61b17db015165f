"""Which reports follow from a change of a job. Pure; how they are worded and sent is decided on delivery."""

from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.reports import Facts, OperatorMessage, Report, ReportKind, Withdrawal
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.effects import StoreReport, WithdrawReports
from taskmanager_scheduler.jobs.events import TransitionContext

REPORTS_A_REVISION = 10
"""Numbers reserved for the reports of one revision."""
FONT_TYPE = "fontType"
WORD_LIMIT = 100
ERROR_LIMIT = 2_000
"""Characters of an error that go into the process log; the full text stays with the job."""
WARNINGS_GIVEN = 5
"""Warning texts that go into a report; all warnings kept stay with the job."""


def reports_of_end(job: Job, at: TransitionContext) -> tuple[StoreReport, ...]:
    """The reports for a finished job, in order: always the log entry before the step is changed.

    A job with a callback calls that instead of closing its step. Only success has a callback: failure is
    reported by the step, which only the last job of a chain closes.
    """
    kinds = _kinds(job)
    if job.status is Status.DONE and job.spec.callback_url is not None:
        kinds = [*(kind for kind in kinds if kind is ReportKind.ENTRY), ReportKind.CALLBACK]
    return tuple(StoreReport(_report(job, at, kind, number)) for number, kind in enumerate(kinds))


def message_report(
    job: Job, at: TransitionContext, note: Attribution, message: OperatorMessage, name: str
) -> StoreReport:
    """An operator's message as a report; `name` is the command's id, so a repeat is the same message."""
    facts = facts_of(job).model_copy(update={"by": note.by, "reason": note.reason})
    report = _report(job, at, ReportKind.MESSAGE, 0)
    return StoreReport(report.model_copy(update={"id": name, "message": message, "facts": facts}))


def withdrawal_of_error(job: Job, at: TransitionContext) -> WithdrawReports:
    """Withdraw the error report: a retried job must not set its step to error, not even after it is done."""
    below = (job.rev + 1) * REPORTS_A_REVISION
    return WithdrawReports(Withdrawal(job=job.id, below=below, at=at.now))


def facts_of(job: Job) -> Facts:
    """The facts about the job in its current state."""
    spec = job.spec
    cancel = job.cancel if job.status is Status.CANCELLED else None
    return Facts(
        plugin=spec.plugin,
        title=spec.title,
        template=spec.template,
        source=spec.source,
        destination=spec.destination,
        files=job.files,
        bytes=job.bytes,
        seconds=_seconds(job),
        error=_shortened(job.error.message) if job.error is not None else "",
        warnings=job.warnings,
        warning_texts=job.warning_texts[:WARNINGS_GIVEN],
        by=cancel.by if cancel is not None else "",
        reason=cancel.reason if cancel is not None else "",
    )


def _seconds(job: Job) -> float | None:
    if job.finished is None or job.started_at is None:
        return None
    return (job.finished - job.started_at).total_seconds()


def _kinds(job: Job) -> list[ReportKind]:
    if job.spec.goobi is None:
        return []
    step = job.spec.goobi.step_id is not None
    closing = step and job.closes_its_step
    match job.status:
        case Status.DONE:
            return [ReportKind.ENTRY, *([ReportKind.CLOSE_STEP] if closing else [])]
        case Status.ERROR:
            return [ReportKind.ENTRY, *([ReportKind.ERROR_STEP] if step else [])]
        case _:
            return [ReportKind.ENTRY]


def _report(job: Job, at: TransitionContext, kind: ReportKind, number: int) -> Report:
    seq = job.rev * REPORTS_A_REVISION + number
    callback = kind is ReportKind.CALLBACK
    return Report(
        id=f"{job.id}:{seq:08d}",
        job=job.id,
        seq=seq,
        kind=kind,
        status=job.status,
        goobi=job.spec.goobi,
        callback_url=job.spec.callback_url if callback else None,
        callback_job_type=_callback_job_type(job) if callback else None,
        facts=facts_of(job),
        created=at.now,
        since=at.now,
        next_try=at.now,
    )


def _callback_job_type(job: Job) -> str:
    """The job type mixed OCR expects: the word it sent as the font type says which of its halves is ready."""
    spec = job.spec
    font = spec.parameters.get(FONT_TYPE, (spec.extra or {}).get(FONT_TYPE))
    fits = isinstance(font, str) and 0 < len(font) <= WORD_LIMIT and font.isascii() and font.isprintable()
    return str(font) if fits else job.plugin


def _shortened(text: str) -> str:
    return text if len(text) <= ERROR_LIMIT else f"{text[:ERROR_LIMIT]} [...]"

"""The records about the jobs of the sample data: reports, operations, failures, audit, logs, dead letters."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.sample_data.cast import JP2, PDF, SHELL
from tests.sample_data.jobs import LONG_TITLE, SCRIPT, UNBROKEN, Jobs

from taskmanager.model.control import JobAction, LetterAction, Settlement, StopMode
from taskmanager.model.jobs import Attribution, FileRecord, FileState, Interruption, Job, LogLine
from taskmanager.model.log_types import LogType
from taskmanager.model.notifications.deliveries import Bundle, Delivery, DeliveryState
from taskmanager.model.notifications.events import Event, EventKind
from taskmanager.model.notifications.rules import Pace, Rule
from taskmanager.model.operations import Failure, JobFilter, Operation, OperationState
from taskmanager.model.reasons import actions_taken, refusals
from taskmanager.model.registry import AuditEntry, DeadLetter, LogBlock, StoredFile
from taskmanager.model.reports import Facts, OperatorMessage, Report, ReportKind, ReportState
from taskmanager.model.states import Status

RUNNING_OPERATION, ENDED_OPERATION, STOPPED_OPERATION = "op-running", "op-ended", "op-stopped"
FAILURES = 75
"""More than a page."""
ASKED = (
    *(actions_taken.JOBS[JobAction(action)]() for action in ("cancel", "hold", "retry")),
    actions_taken.PRIORITY(level=9),
)
REFUSED = refusals.PRIORITY_OF_ENDED(status="DONE")
AUDITED = 130
RULE = "night-shift"
"""A rule of notifications with messages in every state."""


def reports(jobs: Jobs, now: datetime) -> Iterator[Report]:
    """Delivered, waiting after failures, given up, and messages of operators in each state."""
    ended = [job for job in jobs.all if job.status in {Status.DONE, Status.ERROR} and job.spec.goobi][:40]
    for number, job in enumerate(ended):
        state = list(ReportState)[number % 3]
        yield _report(job, 1, ReportKind.ENTRY, state, now)
        closing = ReportKind.CLOSE_STEP if job.status is Status.DONE else ReportKind.ERROR_STEP
        yield _report(job, 2, closing, state, now)
    spoken = next(job for job in jobs.all if job.id == jobs.noteworthy["processing"])
    for number, state in enumerate(ReportState):
        yield _report(spoken, number + 1, ReportKind.MESSAGE, state, now)


def _report(job: Job, seq: int, kind: ReportKind, state: ReportState, now: datetime) -> Report:
    message = OperatorMessage(type=LogType.INFO, text=f"Bitte Seite {seq} nachscannen. {SCRIPT}")
    tried = state is not ReportState.DELIVERED
    return Report(
        id=f"{job.id}:{seq:08d}",
        job=job.id,
        seq=seq,
        kind=kind,
        status=job.status,
        goobi=job.spec.goobi,
        facts=Facts(
            plugin=job.plugin, title=job.spec.title[:500], files=job.files, bytes=job.bytes, seconds=520.0
        ),
        message=message if kind is ReportKind.MESSAGE else None,
        created=job.created + timedelta(minutes=9),
        state=state,
        attempts=6 if tried else 1,
        since=job.created + timedelta(minutes=9),
        next_try=now + timedelta(minutes=12) if state is ReportState.PENDING else None,
        last_answer="503: Goobi wird gerade neu gestartet" if tried else "200",
        delivered_at=None if tried else job.created + timedelta(minutes=10),
    )


def operations(now: datetime) -> Iterator[Operation]:
    """One running, one that ended with failures, one that was stopped."""
    yield _operation(RUNNING_OPERATION, now, OperationState.RUNNING, done=31_000, refused=0)
    yield _operation(
        ENDED_OPERATION, now - timedelta(hours=3), OperationState.DONE, done=80_000, refused=FAILURES
    )
    yield _operation(STOPPED_OPERATION, now - timedelta(days=2), OperationState.STOPPED, done=500, refused=3)


def _operation(name: str, at: datetime, state: OperationState, *, done: int, refused: int) -> Operation:
    stopped = state is OperationState.STOPPED
    return Operation(
        id=name,
        action=JobAction.PRIORITY,
        priority=9,
        filter=JobFilter(plugin=JP2, text="stadtchronik", created_before=at),
        asked=Attribution(by="anna", at=at, reason="Die Ausstellung beginnt früher"),
        state=state,
        started=at + timedelta(seconds=1),
        finished=at + timedelta(minutes=2) if state.ended else None,
        stop=Interruption(by="bertä", at=at + timedelta(minutes=1), reason="Versehen") if stopped else None,
        total=done + refused + (0 if state is OperationState.DONE else 69_000),
        done=done,
        refused=refused,
        listing=name,
        pages=100,
        page=100 if state.ended else 31,
        ticketed=100 if state.ended else 31,
    )


def failures(jobs: Jobs, now: datetime) -> Iterator[Failure]:
    """The failures of the operation that ended."""
    done = [job.id for job in jobs.all if job.status is Status.DONE]
    for number in range(FAILURES):
        yield Failure(
            operation=ENDED_OPERATION,
            number=number + 1,
            job=done[number],
            why=REFUSED,
            at=now - timedelta(hours=3),
        )


def audit(jobs: Jobs, now: datetime) -> Iterator[AuditEntry]:
    """Commands of several users over several days, done and refused."""
    targets = [job for job in jobs.all if job.plugin == JP2][:AUDITED]
    for number, job in enumerate(targets):
        done = number % 5 != 0
        yield AuditEntry(
            id=f"audit-{number:04d}",
            at=now - timedelta(minutes=37 * number + 1),
            actor=("anna", "bertä", "token:goobi")[number % 3],
            reason=("Für die Ausstellung", "", SCRIPT)[number % 3],
            what=ASKED[number % 4],
            job=job.id,
            plugin=JP2,
            outcome="done" if done else "refused",
            why=None if done else REFUSED,
        )
    for number, plugin in enumerate((SHELL, PDF)):
        yield AuditEntry(
            id=f"audit-stop-{plugin}",
            at=now - timedelta(hours=number + 1),
            actor="anna",
            reason="Der Speicher wird erweitert",
            what=actions_taken.STOPS[StopMode.SUSPEND](),
            plugin=plugin,
            outcome="done",
        )


def logs(jobs: Jobs, now: datetime) -> Iterator[LogBlock]:
    """The logs of the running job and of one that failed."""
    for name in ("processing", "error"):
        lines = (
            LogLine(
                at=now - timedelta(seconds=600 - number), level="info", text=f"{number:08d}.tif geschrieben"
            )
            for number in range(150)
        )
        warning = LogLine(at=now, level="warning", text=f"Farbprofil fehlt: {SCRIPT}")
        yield LogBlock(job=jobs.noteworthy[name], attempt=1, seq=1, lines=(*lines, warning))


def files(jobs: Jobs, now: datetime) -> Iterator[StoredFile]:
    """The files of a running job, a failed one and one with many, with everything that may break a row."""
    for name, count in (("processing", 7), ("warned_error", 3), ("warned", 130)):
        for number in range(1, count + 1):
            odd = _ODD.get(number, {}) if name != "processing" else {}
            known = {**_page(number), **odd}
            yield StoredFile(
                job=jobs.noteworthy[name],
                attempt=1,
                number=number,
                at=now,
                file=FileRecord.model_validate(known),
            )


def _page(number: int) -> dict[str, object]:
    return {
        "name": f"{number:08d}.tif",
        "state": FileState.DONE,
        "results": (f"{number:08d}.jp2",),
        "facts": {"format": "TIFF", "size": f"{2480 + number} x 3508", "bits": 8, "colour": "RGB"},
        "result_facts": {"format": "JPEG 2000", "lossless": True, "levels": 5},
        "bytes": 26_100_000 + 10_000 * number,
        "result_bytes": 11_400_000 + 7_000 * number,
        "seconds": 1.2 + number % 7,
    }


_ODD: dict[int, dict[str, object]] = {
    1: {"warnings": ("kein Farbprofil, sRGB angenommen",)},
    2: {"state": FileState.FAILED, "results": (), "result_facts": {}, "error": f"beschädigt: {SCRIPT}"},
    3: {"name": "Thumbs.db", "state": FileState.LEFT_OUT, "results": (), "facts": {}, "result_facts": {}}
    | {"bytes": 0, "result_bytes": 0, "seconds": 0},
    4: {"name": f"{UNBROKEN[:200]}.tif", "results": (f"{UNBROKEN[:200]}.jp2",), "warnings": (LONG_TITLE,)},
}


def letters(now: datetime) -> Iterator[DeadLetter]:
    """Not believed, unreadable, taken away by a policy; one that is about to be dropped."""
    forged = "its routing key belongs to the plugin 'jp2', and its sender is taskmanager-runner-ocr"
    for number in range(3):
        at = now - timedelta(minutes=90 * number + 5)
        yield _letter(number, at, kind="events", user="taskmanager-runner-ocr", objection=forged)
    wanted = Settlement(by="leitung", at=now, reason="Probe eines Dienstleisters", action=LetterAction.DROP)
    yield _letter(
        3, now - timedelta(days=2), text=f"{SCRIPT} {UNBROKEN}", objection=f"no JSON: {SCRIPT}", copies=12
    )
    yield _letter(4, now - timedelta(days=1), text="\0\1\2", objection="no JSON", settlement=wanted)
    yield _letter(
        5, now - timedelta(hours=7), kind="submissions", cause="expired", user="taskmanager-gateway"
    )
    yield _letter(6, now - timedelta(hours=8), kind="command", cause="maxlen", queue="tm.scheduler.7")


def _letter(number: int, died: datetime, **fields: object) -> DeadLetter:
    usual = {
        "id": f"{number:032x}",
        "queue": "tm.scheduler",
        "cause": "rejected",
        "died": died,
        "key": "jp2.events",
        "bytes": 4711,
        "sha256": f"{number:064x}",
        "text": '{"type":"events","v":1,"events":[{"type":"heartbeat","runner":"werk-1"}]}',
    }
    return DeadLetter.model_validate(usual | fields)


def rules(now: datetime) -> Iterator[Rule]:
    """One by mail, one that cannot be delivered, one that is off."""
    changed = Attribution(by="anna", at=now, reason=SCRIPT)
    kinds = (EventKind.JOB_FAILED, EventKind.QUEUE_OLD)
    mail = {"channel": "hauspost", "recipients": ("scan-team@example.org",), "changed": changed}
    yield Rule(id=RULE, name=LONG_TITLE[:80], kinds=kinds, plugins=(JP2, PDF), pace=Pace.DAILY, **mail)
    yield Rule(id="gone", name=UNBROKEN[:80], kinds=kinds, channel="weg", changed=changed)
    yield Rule(id="off", name="Ferien", on=False, kinds=tuple(EventKind)[:9], **mail)


def deliveries(now: datetime) -> Iterator[Bundle]:
    """In every state, one about many events."""
    answers = {
        DeliveryState.PENDING: f"451 {SCRIPT} {UNBROKEN}",
        DeliveryState.GIVEN_UP: "550 no such mailbox",
    }
    for number, state in enumerate(DeliveryState):
        events = tuple(
            Event(id=f"sample {number} {one}", kind=EventKind.JOB_FAILED, at=now, plugin=JP2)
            for one in range(1 + 20 * number)
        )
        pending = state is DeliveryState.PENDING
        made = Delivery(
            id=f"delivery-{number}",
            rule=RULE,
            events=events,
            created=now - timedelta(hours=number),
            state=state,
            attempts=number + 1,
            next_try=now + timedelta(days=1) if pending else None,
            last_answer=answers.get(state, "answered 250 OK"),
            ended=None if pending else now,
        )
        yield Bundle(made, ())

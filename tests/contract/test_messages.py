"""Golden files: version 1 of every message on the wire.

A change here breaks running installations.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import (
    AccessOrder,
    AddNote,
    AddSecurityKey,
    AddToken,
    AddUser,
    Advanced,
    Arrivals,
    AttemptDesiredState,
    AttemptReference,
    Cancelled,
    Change,
    Changes,
    ChangeUser,
    Claim,
    Command,
    CommandResult,
    Commit,
    CommitVerdict,
    EndSession,
    EndSessions,
    Failed,
    FilesRecorded,
    Finished,
    Grant,
    HandedBack,
    Heartbeat,
    Hello,
    JobCommand,
    Logged,
    LogInSeen,
    LogInsSeen,
    Message,
    Notice,
    PluginCommand,
    Progressed,
    Redelivered,
    Refusal,
    RemoveDevice,
    RemoveNote,
    RemovePreset,
    RemoveRule,
    RemoveSecondFactor,
    RemoveSecurityKey,
    RemoveUser,
    RenamePreset,
    ReplayReports,
    ReplicaOrders,
    ReplicasReported,
    Resumed,
    RevokeToken,
    RunnerCommand,
    RunnerEvents,
    RunnerOrders,
    RunnerReplies,
    SavePreset,
    ScalingCommand,
    SendMessage,
    SessionsUsed,
    SessionUse,
    SetPassword,
    SetRule,
    SetSecondFactor,
    SettleDeadLetter,
    StartOperation,
    StopOperation,
    Submissions,
    Submit,
    Suspended,
    Tick,
    Ticket,
    TicketReference,
    Tickets,
    TokensUsed,
    TryRule,
    Unclaimed,
    UseCode,
    UseSecurityKey,
    decode_changes,
    decode_control,
    decode_inbox,
    decode_orders,
    decode_tickets,
)
from taskmanager.model.access import Right, Role
from taskmanager.model.control import (
    DesiredState,
    JobAction,
    LetterAction,
    PluginAction,
    RunnerAction,
    StopMode,
)
from taskmanager.model.jobs import (
    CancelMethod,
    FileRecord,
    FileState,
    GoobiReference,
    JobError,
    JobSpec,
    LogLine,
    Progress,
    Warnings,
)
from taskmanager.model.log_types import LogType
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import Pace, RuleTerms
from taskmanager.model.operations import JobFilter
from taskmanager.model.reasons.refusals import NOTHING_TO_HOLD
from taskmanager.model.replicas import Replica, ReplicaState, ScalingAction, ScalingMode
from taskmanager.model.reports import OperatorMessage
from taskmanager.model.states import Status, Tab
from taskmanager.model.user_content.notes import NoteOn

GOLDEN = Path(__file__).parent / "messages"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
JOB = "0190a0b0-0000-7000-8000-000000000001"
OTHER_JOB = "0190a0b0-0000-7000-8000-000000000002"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ATTEMPT = {"job": JOB, "attempt": 2}
SPEC = JobSpec.model_validate(
    {
        "plugin": "jp2",
        "template": "lossless",
        "source": "/data/17/images/master",
        "destination": "/data/17/images/media",
        "priority": 7,
        "title": "Zoologia Danica",
        "goobi": GoobiReference(process_id=17, step_id=42, process_title="mueller_zoologia_1779"),
        "project": "Zoology",
        "parameters": {"rate": 10},
        "callback_url": "http://goobi.example/done",
        "unique": "goobi:17:42:JP2",
    }
)
REFERENCE = AttemptReference(job=JOB, attempt=2)
EVENTS = (
    Hello(
        manifest=PluginManifest(name="jp2", title="JPEG 2000", job_type="JP2", parameters={"type": "object"}),
        host="worker",
        version="0.1.0",
        slots=2,
        transfers=1,
        started_at=MOMENT,
        running=(REFERENCE,),
        claims=("claim-2",),
    ),
    Heartbeat(slots=2, busy=1, running=(REFERENCE,), claims=("claim-2",)),
    Claim(job=JOB, dispatch=3, claim_id="claim-1"),
    Advanced(**ATTEMPT, seq=1, status=Status.PROCESSING, files=12, bytes=3400),
    Progressed(
        **ATTEMPT, seq=2, progress=Progress(percent=50, files_done=6, files_total=12, current_file="6.tif")
    ),
    Logged(**ATTEMPT, seq=1, lines=(LogLine(at=MOMENT, level="info", text="line"),)),
    FilesRecorded(
        **ATTEMPT,
        first=1,
        files=(
            FileRecord(
                name="1.tif",
                state=FileState.DONE,
                results=("1.jp2",),
                facts={"size": "2480 x 3508", "bits": 8, "profile": None},
                result_facts={"lossless": True},
                bytes=26_100_000,
                result_bytes=11_400_000,
                seconds=1.25,
                warnings=("no profile",),
            ),
            FileRecord(name="2.tif", state=FileState.FAILED, error="damaged"),
            FileRecord(name="Thumbs.db", state=FileState.LEFT_OUT),
        ),
    ),
    Commit(**ATTEMPT, seq=3),
    Finished(**ATTEMPT, seq=4, files=12, bytes=1200),
    Finished(**ATTEMPT, seq=4, files=12, bytes=1200, warnings=Warnings(count=21, texts=("no profile",))),
    Failed(
        **ATTEMPT, seq=5, error=JobError(message="bad", kind="JobFailedError", traceback="..."), crashed=True
    ),
    Failed(
        **ATTEMPT,
        seq=5,
        error=JobError(message="bad", kind="JobFailedError"),
        warnings=Warnings(count=1, texts=("no profile",)),
    ),
    Suspended(**ATTEMPT, seq=6),
    Resumed(**ATTEMPT, seq=7),
    Cancelled(**ATTEMPT, seq=8, method=CancelMethod.SIGTERM),
    HandedBack(**ATTEMPT),
    Unclaimed(**ATTEMPT, turn=5),
)
REPLIES = (
    Grant(claim_id="claim-1", job=JOB, attempt=2, lease_seconds=60, spec=SPEC),
    Refusal(claim_id="claim-1", reason="stale"),
    CommitVerdict(job=JOB, attempt=2, allowed=True),
    RunnerOrders(
        paused=False,
        draining=True,
        hand_back_seconds=30,
        lease_seconds=60,
        renewed=(REFERENCE,),
        kill=(REFERENCE,),
        wishes=(AttemptDesiredState(**ATTEMPT, wish=DesiredState.CANCEL),),
    ),
)
CHANGE = Change(
    job=JOB,
    plugin="jp2",
    status=Status.DONE,
    tab=Tab.DONE,
    rev=7,
    progress=Progress(percent=100),
    was=Status.DOWNLOAD,
    logged=True,
)

Decode = Callable[[bytes], Message]

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2g"
ACCESS: list[AccessOrder] = [
    AddUser(name="Anna", role=Role.OPERATOR, plugins=("jp2",), password_hash=HASH, one_time=True),
    ChangeUser(name="Anna", role=Role.VIEWER, plugins="all", disabled=True),
    SetPassword(name="Anna", password_hash=HASH, rehash_of=HASH),
    EndSessions(name="Anna"),
    RemoveUser(name="Anna"),
    AddToken(
        id="token-1",
        name="goobi",
        secret_hash="ab" * 32,
        scopes=(Right.READ, Right.SUBMIT),
        plugins=("jp2",),
        expires=MOMENT,
    ),
    RevokeToken(token="token-1"),
    EndSession(user="Anna", session="session-1", expires=MOMENT),
    SetSecondFactor(name="Anna", sealed="c2VhbGVk", step=58_000_000, recovery=("ab" * 32,)),
    RemoveSecondFactor(name="Anna"),
    UseCode(name="Anna", step=58_000_001),
    RemoveDevice(name="Anna"),
    AddSecurityKey(
        name="Anna",
        key="a2V5",
        label="blue key",
        public="cHVibGlj",
        counter=7,
        challenge="cd" * 32,
        ends=MOMENT,
        recovery=("ab" * 32,),
    ),
    RemoveSecurityKey(name="Anna", key="a2V5", label="blue key"),
    UseSecurityKey(name="Anna", key="a2V5", label="blue key", counter=8, challenge="cd" * 32, ends=MOMENT),
]

CASES: list[tuple[str, Message, Decode]] = [
    ("submit", Submit(job=JOB, client="goobi", submitted_at=MOMENT, spec=SPEC), decode_inbox),
    (
        "submit_traced",
        Submit(job=JOB, client="goobi", submitted_at=MOMENT, spec=SPEC, traceparent=TRACEPARENT),
        decode_inbox,
    ),
    (
        "grant_traced",
        RunnerReplies(
            instance="instance-1",
            replies=(
                Grant(
                    claim_id="c-1",
                    job=JOB,
                    attempt=1,
                    lease_seconds=60,
                    spec=SPEC,
                    traceparent=TRACEPARENT,
                ),
            ),
        ),
        decode_control,
    ),
    (
        "submissions",
        Submissions(
            submissions=(
                Submit(job=JOB, client="goobi", submitted_at=MOMENT, spec=SPEC),
                Submit(job="another", client="cli", submitted_at=MOMENT, spec=JobSpec(plugin="jp2")),
            )
        ),
        decode_inbox,
    ),
    ("ticket", Ticket(job=JOB, dispatch=3), decode_tickets),
    (
        "tickets",
        Tickets(tickets=(TicketReference(job=JOB, dispatch=3), TicketReference(job=OTHER_JOB, dispatch=1))),
        decode_tickets,
    ),
    (
        "events_of_short_jobs",
        RunnerEvents(
            plugin="jp2", runner="worker-jp2", instance="i-1", events=EVENTS[:1], tickets_a_message=16
        ),
        decode_inbox,
    ),
    ("events", RunnerEvents(plugin="jp2", runner="worker-jp2", instance="i-1", events=EVENTS), decode_inbox),
    (
        "send_message",
        Command(
            id="command-message",
            gateway="gateway-1",
            actor="anna",
            at=MOMENT,
            order=SendMessage(job=JOB, message=OperatorMessage(type=LogType.WARN, text="Page 7 is missing")),
        ),
        decode_inbox,
    ),
    (
        "replay_reports",
        Command(
            id="command-replay",
            gateway="gateway-1",
            actor="anna",
            at=MOMENT,
            order=ReplayReports(installations=("main", None)),
        ),
        decode_inbox,
    ),
    (
        "job_command",
        Command(
            id="command-1",
            gateway="g-1",
            actor="anna",
            reason="wrong scan",
            at=MOMENT,
            order=JobCommand(job=JOB, action=JobAction.PRIORITY, priority=9),
        ),
        decode_inbox,
    ),
    (
        "plugin_command",
        Command(
            id="command-2",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=PluginCommand(plugin="jp2", action=PluginAction.STOP, mode=StopMode.FINISH, until=MOMENT),
        ),
        decode_inbox,
    ),
    (
        "runner_command",
        Command(
            id="command-3",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=RunnerCommand(runner="worker-jp2", action=RunnerAction.DRAIN, grace_seconds=30),
        ),
        decode_inbox,
    ),
    (
        "scaling_command",
        Command(
            id="command-scaling",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=ScalingCommand(
                plugin="jp2", place="host-1", action=ScalingAction.SCALE, mode=ScalingMode.AUTO, min=0, max=4
            ),
        ),
        decode_inbox,
    ),
    (
        "replicas",
        ReplicasReported(
            plugin="jp2",
            place="host-1",
            agent="agent-1",
            seq=17,
            engine="docker",
            most=4,
            replicas=(
                Replica(name="host-1.jp2.1", runner="host-1.jp2.1", state=ReplicaState.RUNNING),
                Replica(
                    name="host-1.jp2.2",
                    runner="host-1.jp2.2",
                    state=ReplicaState.FAILING,
                    failures=3,
                    detail="exit code 137",
                ),
            ),
        ),
        decode_inbox,
    ),
    (
        "replica_orders",
        ReplicaOrders(
            agent="agent-1", seq=17, plugin="jp2", place="host-1", wanted=1, stop=("host-1.jp2.2",)
        ),
        decode_orders,
    ),
    (
        "start_operation",
        Command(
            id="command-4",
            gateway="g-1",
            actor="anna",
            reason="urgent",
            at=MOMENT,
            order=StartOperation(
                operation="operation-1",
                action=JobAction.PRIORITY,
                priority=9,
                filter=JobFilter(
                    plugin="jp2",
                    tab=Tab.QUEUE,
                    status=Status.STARTED,
                    project="Zoology",
                    process=17,
                    text="danica",
                    priority_min=0,
                    priority_max=5,
                    created_before=MOMENT,
                    created_after=MOMENT,
                    warnings=True,
                    ids=(JOB,),
                ),
                fingerprint="abc",
            ),
        ),
        decode_inbox,
    ),
    (
        "save_preset",
        Command(
            id="command-preset-1",
            gateway="g-1",
            actor="anna",
            reason="for the reading room",
            at=MOMENT,
            order=SavePreset(
                name="Reading room",
                plugin="shell",
                template="jpeg-small",
                parameters={"size": 1200},
                replace=True,
            ),
        ),
        decode_inbox,
    ),
    (
        "rename_preset",
        Command(
            id="command-preset-2",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=RenamePreset(name="Mine", owner="anna", plugin="shell", new_name="Ours"),
        ),
        decode_inbox,
    ),
    (
        "remove_preset",
        Command(
            id="command-preset-3",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=RemovePreset(name="Ours", owner="anna", plugin="shell"),
        ),
        decode_inbox,
    ),
    (
        "settle_dead_letter",
        Command(
            id="command-letter",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=SettleDeadLetter(letter="0123456789abcdef", action=LetterAction.REQUEUE),
        ),
        decode_inbox,
    ),
    (
        "set_rule",
        Command(
            id="command-rule",
            gateway="g-1",
            actor="ada",
            at=MOMENT,
            order=SetRule(
                rule="night",
                terms=RuleTerms(
                    name="At night",
                    kinds=(EventKind.JOB_FAILED, EventKind.QUEUE_OLD),
                    plugins=("jp2",),
                    projects=("Maps",),
                    channel="mail",
                    recipients=("anna@example.org",),
                    language="de",
                    zone="Europe/Berlin",
                    pace=Pace.DAILY,
                    quiet_from=time(20),
                    quiet_to=time(7),
                ),
            ),
        ),
        decode_inbox,
    ),
    (
        "add_note",
        Command(
            id="command-n",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=AddNote(on=NoteOn.JOB, key=JOB, text="waiting for new disks", plugin="jp2"),
        ),
        decode_inbox,
    ),
    (
        "remove_note",
        Command(
            id="command-m",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=RemoveNote(note="command-n", on=NoteOn.PROCESS, key="main/17"),
        ),
        decode_inbox,
    ),
    (
        "remove_rule",
        Command(
            id="command-r", gateway="g-1", actor="ada", at=MOMENT, order=RemoveRule(rule="night", name="N")
        ),
        decode_inbox,
    ),
    (
        "try_rule",
        Command(id="command-t", gateway="g-1", actor="ada", at=MOMENT, order=TryRule(rule="night", name="N")),
        decode_inbox,
    ),
    (
        "stop_operation",
        Command(
            id="command-5",
            gateway="g-1",
            actor="anna",
            at=MOMENT,
            order=StopOperation(operation="operation-1"),
        ),
        decode_inbox,
    ),
    *(
        (
            order.type,
            Command(id="command-access", gateway="g-1", actor="anna", at=MOMENT, order=order),
            decode_inbox,
        )
        for order in ACCESS
    ),
    (
        "log_ins_seen",
        LogInsSeen(
            seen=(
                LogInSeen(
                    id="entry-1",
                    at=MOMENT,
                    user="anna",
                    address="192.0.2.7",
                    way="password",
                    outcome="refused",
                    times=3,
                ),
            )
        ),
        decode_inbox,
    ),
    (
        "log_ins_refused",
        LogInsSeen(
            seen=(LogInSeen(id="entry-2", at=MOMENT, way="oidc", outcome="refused", refusal="no_group"),)
        ),
        decode_inbox,
    ),
    (
        "sessions_used",
        SessionsUsed(
            uses=(
                SessionUse(
                    session="session-1",
                    user="Anna",
                    begun=MOMENT,
                    at=MOMENT,
                    ends=MOMENT,
                    address="192.0.2.7",
                    browser="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                ),
            )
        ),
        decode_inbox,
    ),
    ("tokens_used", TokensUsed(uses={"token-1": MOMENT}), decode_inbox),
    ("command_result", CommandResult(id="command-1", outcome="refused", detail="it is DONE"), decode_changes),
    (
        "command_refused",
        CommandResult(id="command-1", outcome="refused", why=NOTHING_TO_HOLD(status="DONE")),
        decode_changes,
    ),
    ("tick", Tick(scheduler="s-1"), decode_inbox),
    ("redelivered", Redelivered.of(b"\xff{}", "jp2.events", "taskmanager-runner-jp2"), decode_inbox),
    ("replies", RunnerReplies(instance="i-1", replies=REPLIES), decode_control),
    ("notice", Notice(), decode_control),
    (
        "changes",
        Changes(changes=(CHANGE,), plugins=("jp2",), jobs=(JOB,), operations=("operation-1",), access=True),
        decode_changes,
    ),
    (
        "changes_of_many",
        Changes(
            changes=(),
            plugins=("jp2",),
            jobs=(JOB,),
            arrived=(Arrivals(plugin="jp2", tab=Tab.QUEUE, jobs=1),),
            operations=("operation-1",),
        ),
        decode_changes,
    ),
]


@pytest.mark.parametrize(("name", "message", "decode"), CASES, ids=[case[0] for case in CASES])
def test_a_message_is_written_as_in_its_golden_file(name: str, message: Message, decode: Decode) -> None:
    assert message.encode().decode() + "\n" == (GOLDEN / f"{name}.v1.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "message", "decode"), CASES, ids=[case[0] for case in CASES])
def test_a_golden_file_is_read_back_whole(name: str, message: Message, decode: Decode) -> None:
    assert decode((GOLDEN / f"{name}.v1.json").read_bytes()) == message


def test_submissions_are_joined_as_they_are_encoded() -> None:
    (message,) = [message for name, message, _ in CASES if name == "submissions"]
    assert isinstance(message, Submissions)
    assert Submissions.joined(one.encode() for one in message.submissions) == message.encode()


def test_a_submission_of_an_earlier_release_is_also_the_first_ticket() -> None:
    ticket = decode_tickets((GOLDEN / "submit.v1.json").read_bytes())

    assert ticket.tickets == (TicketReference(job=JOB, dispatch=1),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"type":"tick"}',
        b'{"v":2,"type":"tick","scheduler":"s"}',
        b'{"v":1,"type":"tick","scheduler":"s","more":1}',
        b'{"v":1,"type":"unheard"}',
        b'{"v":1,"type":"redelivered","key":"k","body":"no base64!"}',
    ],
)
def test_an_unreadable_body_is_kept_in_the_error(body: bytes) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        decode_inbox(body)

    assert caught.value.body == body

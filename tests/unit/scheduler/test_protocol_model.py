"""Every state the protocol can reach within bounds, with the real `transition` in the middle.

One job, two runners (the first claims ahead, and crashes), lost answers, doubled tickets, tickets that come
again with the rest of their block, leases that end while the runner works on, a cancel, a hold. The stage in
the process folder behaves as the file system does: a later attempt that makes its own takes the older one
away.

There are a quarter of a million worlds. What they consist of is therefore quick to copy and to compare:
tuples, the number of each state of the job (`facts`), and the name of each message (`named`).
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest

from taskmanager.messages import (
    Advanced,
    Cancelled,
    Claim,
    Commit,
    CommitVerdict,
    Finished,
    Grant,
    HandedBack,
    Refusal,
    Submit,
    Unclaimed,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, CancelMethod, Job, JobSpec
from taskmanager.model.reasons.history import LOST_UNBEGUN, NOT_HEARD
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.effects import AnswerRunner, SendTicket
from taskmanager_scheduler.jobs.events import (
    Event,
    LeaseEnded,
    OperatorRequest,
    Orphaned,
    Sender,
    Transition,
    TransitionContext,
)
from taskmanager_scheduler.jobs.transitions import transition

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
MOST_ATTEMPTS = 2
MOST_TICKETS = 2
MOST_MESSAGES = 2
MOST_CLAIMS = 1
AHEAD = 0
"""The runner that claims ahead."""


class Granted(NamedTuple):
    """A grant without the specification, which never changes."""

    claim_id: str
    attempt: int


class Refused(NamedTuple):
    """A refusal, as a tuple."""

    claim_id: str
    reason: str


class Verdict(NamedTuple):
    """A verdict on a commit, as a tuple."""

    attempt: int
    allowed: bool


Reply = Granted | Refused | Verdict


class Runner(NamedTuple):
    """What one runner is doing. `life` is new with every start, `claim` counts its claims.

    What it has `sent` are names of messages.
    """

    life: int = 0
    doing: str = "idle"  # idle, claiming, waiting, working, asking, placing
    dispatch: int = 0
    attempt: int = 0
    claims: int = 0
    sent: tuple[str, ...] = ()
    answers: tuple[Reply, ...] = ()


class World(NamedTuple):
    """Everything there is. `stage` is the attempt whose stage lies in the folder, `written` whose result."""

    job: Job
    tickets: tuple[int, ...] = ()
    runners: tuple[Runner, ...] = (Runner(), Runner())
    stage: int = 0
    written: int = 0
    intervened: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What tells two worlds apart; history and revisions only grow."""
        return (facts(self.job), *self[1:])


def facts(job: Job) -> int:
    """The number of all that tells two states of the job apart for the rules.

    It is computed once for each job, as `_steps` has few.
    """
    if id(job) not in _facts:
        _facts[id(job)] = (job, _numbers.setdefault(_facts_of(job), len(_numbers)))
    return _facts[id(job)][1]


_facts: dict[int, tuple[Job, int]] = {}
_numbers: dict[tuple[object, ...], int] = {}


def named(event: Event) -> str:
    """The name under which `_events` has this message."""
    name = repr(event)
    _events.setdefault(name, event)
    return name


_events: dict[str, Event] = {}


@cache
def message(kind: Callable[..., Event], **fields: Any) -> str:
    """The name of a message about the job."""
    return named(kind(job="1", **fields))


def _facts_of(job: Job) -> tuple[object, ...]:
    lost = sum(entry.told.code == LOST_UNBEGUN.name for entry in job.history)
    desired = (job.cancel is not None, job.held is not None)
    return (
        job.status,
        job.attempt,
        job.dispatch,
        job.seq,
        job.owner,
        job.claim_id,
        job.crashes,
        lost,
        *desired,
    )


_steps: dict[object, Transition] = {}
"""What `transition` has returned: it is pure, and most worlds differ in something else."""


SUBMIT = Submit(job="1", client="t", submitted_at=NOW, spec=JobSpec(plugin="jp2", destination="/data/1"))
NOTE = Attribution(by="anna", at=NOW)
SUBMITTED = named(SUBMIT)
LEASE_ENDED = named(LeaseEnded())
NOT_WORKING = named(Orphaned(crashed=False, why=NOT_HEARD()))
CRASHED = named(Orphaned(crashed=True, why=NOT_HEARD()))
CANCEL, HOLD, RELEASE = (
    named(OperatorRequest(action, NOTE)) for action in (JobAction.CANCEL, JobAction.HOLD, JobAction.RELEASE)
)


def begin() -> World:
    """The job is stored, and the scheduler has sent its ticket, or died before."""
    job = transition(None, SUBMIT, TransitionContext(NOW)).job
    assert job is not None
    return World(job)


def fold(world: World, event: str, runner: int | None = None, now: datetime = NOW) -> World:
    """The scheduler takes one message; answers go to their runner, tickets into the queue."""
    known = (facts(world.job), event, runner, now)
    if known not in _steps:
        sender = Sender("" if runner is None else f"r{runner}", "", "noop")
        _steps[known] = transition(world.job, _events[event], TransitionContext(now, sender))
        check(world.job, _steps[known].job)
    step = _steps[known]
    assert step.job is not None
    tickets = world.tickets
    runners = list(world.runners)
    for effect in step.effects:
        if isinstance(effect, SendTicket) and len(tickets) < MOST_TICKETS:
            tickets = tuple(sorted((*tickets, effect.dispatch)))
        if isinstance(effect, AnswerRunner) and runner is not None:
            answers = (*runners[runner].answers, slim(effect.reply))[-MOST_MESSAGES:]
            runners[runner] = runners[runner]._replace(answers=answers)
    return world._replace(job=step.job, tickets=tickets, runners=tuple(runners))


def slim(reply: object) -> Reply:
    """As the runner's model knows it."""
    if isinstance(reply, Grant):
        return Granted(reply.claim_id, reply.attempt)
    if isinstance(reply, Refusal):
        return Refused(reply.claim_id, reply.reason)
    assert isinstance(reply, CommitVerdict)
    return Verdict(reply.attempt, reply.allowed)


def check(before: Job, after: Job | None) -> None:
    assert after is not None
    assert after.attempt >= before.attempt
    assert after.dispatch >= before.dispatch
    assert before.status is not Status.DONE or after.status is Status.DONE
    assert after.owner is None or after.status.running or after.status is Status.PAUSED


def put(world: World, number: int, **fields: Any) -> World:
    runners = list(world.runners)
    runners[number] = runners[number]._replace(**fields)
    return world._replace(runners=tuple(runners))


def send(world: World, number: int, event: str, **fields: Any) -> World:
    return put(world, number, sent=(*world.runners[number].sent, event), **fields)


def steps(world: World) -> Iterator[World]:
    """All worlds one step away."""
    yield from from_outside(world)
    for number in range(len(world.runners)):
        yield from from_channels(world, number)
        yield from from_runner(world, number)


def from_outside(world: World) -> Iterator[World]:
    if world.job.status is Status.STARTED and len(world.tickets) < MOST_TICKETS:  # swept, or doubled
        yield world._replace(tickets=tuple(sorted((*world.tickets, world.job.dispatch))))
    came = world.runners[AHEAD].dispatch
    if came and len(world.tickets) < MOST_TICKETS and came not in world.tickets:
        # the block goes back that this runner's ticket came with
        yield world._replace(tickets=tuple(sorted((*world.tickets, came))))
    yield fold(world, SUBMITTED)  # redelivered, or sent again
    if world.tickets:
        yield world._replace(tickets=world.tickets[1:])  # lost
    if world.job.owner is not None and world.job.attempt < MOST_ATTEMPTS:
        yield fold(without_placing(world), LEASE_ENDED, now=LATER)
    if not world.intervened:
        yield fold(world, CANCEL)._replace(intervened=True)
        yield fold(world, HOLD)._replace(intervened=True)
    elif world.job.held is not None:
        yield fold(world, RELEASE)


def without_placing(world: World) -> World:
    """By its own clock the owner knows that its lease ends: it undoes what it places, allowances are void."""
    for number, runner in enumerate(world.runners):
        if runner.attempt == world.job.attempt:
            void = Verdict(runner.attempt, allowed=True)
            answers = tuple(answer for answer in runner.answers if answer != void)
            doing = "idle" if runner.doing == "placing" else runner.doing
            world = put(world, number, doing=doing, answers=answers)
    return world


def from_channels(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if runner.sent:
        yield fold(put(world, number, sent=runner.sent[1:]), runner.sent[0], number)
    if runner.answers:
        rest = put(world, number, answers=runner.answers[1:])
        yield rest  # lost
        yield answered(rest, number, runner.answers[0])


def answered(world: World, number: int, reply: Reply) -> World:
    runner = world.runners[number]
    match reply:
        case Granted() if runner.doing == "claiming" and reply.claim_id == claim_id(number, runner):
            granted = put(world, number, doing="waiting", attempt=reply.attempt)
            return granted if number == AHEAD else begun(granted, number)
        case Granted() if reply.attempt != runner.attempt:
            return send(world, number, message(HandedBack, attempt=reply.attempt))
        case Refused() if runner.doing == "claiming" and reply.claim_id == claim_id(number, runner):
            return put(world, number, doing="idle")
        case Verdict() if runner.doing == "asking" and reply.attempt == runner.attempt:
            return put(world, number, doing="placing" if reply.allowed else "idle")
    return world


def claim_id(number: int, runner: Runner) -> str:
    return f"{number}-{runner.life}-{runner.claims}"


def from_runner(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if len(runner.sent) < MOST_MESSAGES:
        yield from _DOING[runner.doing](world, number)
    if owns_unknowingly(world, number):
        yield fold(world, NOT_WORKING, number)  # its heartbeat says so
    if number == 0 and runner.life == 0 and runner.doing != "idle":
        yield crashed(world, number)


def owns_unknowingly(world: World, number: int) -> bool:
    runner = world.runners[number]
    told = runner.doing in {"waiting", "working", "asking", "placing"} and runner.attempt == world.job.attempt
    waiting = runner.doing == "claiming" and claim_id(number, runner) == world.job.claim_id
    return world.job.owner == f"r{number}" and not runner.sent and not told and not waiting


def at_a_bound(world: World) -> bool:
    """Where the model, not the protocol, keeps the job from going on."""
    return world.job.attempt >= MOST_ATTEMPTS or all(r.claims >= MOST_CLAIMS for r in world.runners)


def idle(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if world.tickets and runner.claims < MOST_CLAIMS:
        taken = world._replace(tickets=world.tickets[1:])
        asking = {"doing": "claiming", "dispatch": world.tickets[0], "claims": runner.claims + 1}
        yield claim(put(taken, number, **asking), number)


def claim(world: World, number: int) -> World:
    runner = world.runners[number]
    identifier = claim_id(number, runner)
    return send(world, number, message(Claim, dispatch=runner.dispatch, claim_id=identifier))


def claiming(world: World, number: int) -> Iterator[World]:
    yield put(world, number, doing="idle")  # the claim timeout
    if silent(world.runners[number]):
        yield claim(world, number)


def begun(world: World, number: int) -> World:
    """Making the stage takes an older attempt's away; a later one's stage stays."""
    attempt = world.runners[number].attempt
    stage = max(world.stage, attempt)
    return put(world, number, doing="working" if stage == attempt else "idle")._replace(stage=stage)


def waiting(world: World, number: int) -> Iterator[World]:
    """For a slot: it begins, or is returned, and its ticket once the scheduler's inbox knows of that."""
    yield begun(world, number)
    runner = world.runners[number]
    told = put(world, number, doing="idle", sent=())
    returned = message(Unclaimed, attempt=runner.attempt, turn=world.job.turn)
    for event in (*runner.sent, returned):
        told = fold(told, event, number)
    yield told._replace(tickets=tuple(sorted((*told.tickets, runner.dispatch)))[:MOST_TICKETS])


def working(world: World, number: int) -> Iterator[World]:
    attempt = world.runners[number].attempt
    advanced = message(Advanced, attempt=attempt, seq=1, status=Status.PROCESSING)
    commit = message(Commit, attempt=attempt, seq=2)
    yield send(send(world, number, advanced), number, commit, doing="asking")
    yield from cancelling(world, number)


def asking(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if silent(runner):
        yield send(world, number, message(Commit, attempt=runner.attempt, seq=2))
    yield from cancelling(world, number)


def cancelling(world: World, number: int) -> Iterator[World]:
    """The state the scheduler wants, as a heartbeat's answer carries it."""
    attempt = world.runners[number].attempt
    if world.job.cancel is not None and world.job.attempt == attempt:
        ended = message(Cancelled, attempt=attempt, seq=3, method=CancelMethod.SIGTERM)
        yield send(world, number, ended, doing="idle")


def placing(world: World, number: int) -> Iterator[World]:
    """With its stage gone nothing can be written."""
    attempt = world.runners[number].attempt
    if world.stage == attempt:
        finished = message(Finished, attempt=attempt, seq=4, files=1, bytes=1)
        yield send(world, number, finished, doing="idle")._replace(written=attempt)
    else:
        yield put(world, number, doing="idle")


def silent(runner: Runner) -> bool:
    """Nothing is under way: the time to ask again."""
    return not runner.sent and not runner.answers


_DOING = {
    "idle": idle,
    "claiming": claiming,
    "waiting": waiting,
    "working": working,
    "asking": asking,
    "placing": placing,
}


def crashed(world: World, number: int) -> World:
    """The runner dies and says hello again: what it ran is taken back, behind what it still had sent."""
    reborn = Runner(life=1, sent=world.runners[number].sent)
    dead = world._replace(
        runners=tuple(reborn if one == number else r for one, r in enumerate(world.runners))
    )
    for event in reborn.sent:
        dead = fold(dead, event, number)
    dead = put(dead, number, sent=(), answers=())
    if dead.job.owner == f"r{number}":
        dead = fold(dead, CRASHED, number)
    return dead


@pytest.mark.timeout(300)
def test_no_reachable_state_breaks_the_protocol_and_an_end_is_always_in_reach() -> None:
    worlds = [begin()]
    numbers = {worlds[0].key: 0}
    before: list[list[int]] = [[]]
    """From which worlds each is one step away, by number."""
    for number, world in enumerate(worlds):  # which grows meanwhile
        for after in steps(world):
            other = numbers.setdefault(after.key, len(worlds))
            if other == len(worlds):
                check_folder(after)
                worlds.append(after)
                before.append([])
            before[other].append(number)

    ends = [one for one, world in enumerate(worlds) if world.job.status.final or at_a_bound(world)]
    statuses = {world.job.status for world in worlds}
    assert len(worlds) > 1_000, "the model must not be trivial"
    assert {Status.DONE, Status.CANCELLED, Status.PAUSED, Status.DOWNLOAD} <= statuses
    assert len(backwards(ends, before)) == len(worlds), "a job that can never end"


def check_folder(world: World) -> None:
    """DONE means the result of that attempt; nothing of a cancelled job is being placed."""
    if world.job.status is Status.DONE:
        assert world.written == world.job.attempt, "I7"
    if world.job.status is Status.CANCELLED:
        placing = [r.attempt for r in world.runners if r.doing == "placing" and r.attempt == world.stage]
        assert not placing or world.job.attempt not in placing, "I7: results of a cancelled job"


def backwards(ends: Sequence[int], before: Sequence[Sequence[int]]) -> set[int]:
    """The worlds from which one of these can be reached."""
    found = set(ends)
    todo = deque(ends)
    while todo:
        for number in before[todo.popleft()]:
            if number not in found:
                found.add(number)
                todo.append(number)
    return found

"""Every state the protocol can reach within bounds, with the real `transition` in the middle.

One job, two runners (the first claims ahead, and crashes), lost answers, doubled tickets, tickets that come
again with the rest of their block, leases that end while the runner works on, a cancel, a hold. The stage in
the process folder behaves as the file system does: a later attempt that makes its own takes the older one
away.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

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


@dataclass(frozen=True)
class Granted:
    """A grant without the specification, which never changes."""

    claim_id: str
    attempt: int


Reply = Granted | Refusal | CommitVerdict


@dataclass(frozen=True)
class Runner:
    """What one runner is doing. `life` is new with every start, `claim` counts its claims."""

    life: int = 0
    doing: str = "idle"  # idle, claiming, waiting, working, asking, placing
    dispatch: int = 0
    attempt: int = 0
    claims: int = 0
    sent: tuple[Event, ...] = ()
    answers: tuple[Reply, ...] = ()


@dataclass(frozen=True)
class World:
    """Everything there is. `stage` is the attempt whose stage lies in the folder, `written` whose result."""

    job: Job
    tickets: tuple[int, ...] = ()
    runners: tuple[Runner, ...] = (Runner(), Runner())
    stage: int = 0
    written: int = 0
    intervened: bool = False

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What tells two worlds apart; history and revisions only grow."""
        return (*facts(self.job), self.tickets, self.runners, self.stage, self.written, self.intervened)


def facts(job: Job) -> tuple[object, ...]:
    """What tells two states of the job apart for the rules; computed once for each, as `_steps` has few."""
    if id(job) not in _facts:
        _facts[id(job)] = (job, _facts_of(job))
    return _facts[id(job)][1]


_facts: dict[int, tuple[Job, tuple[object, ...]]] = {}


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


def begin() -> World:
    """The job is stored, and the scheduler has sent its ticket, or died before."""
    job = transition(None, SUBMIT, TransitionContext(NOW)).job
    assert job is not None
    return World(job)


def fold(world: World, event: Event, runner: int | None = None, now: datetime = NOW) -> World:
    """The scheduler takes one event; answers go to their runner, tickets into the queue."""
    sender = Sender("" if runner is None else f"r{runner}", "", "noop")
    known = (*facts(world.job), repr(event), runner, now)
    if known not in _steps:
        _steps[known] = transition(world.job, event, TransitionContext(now, sender))
        check(world.job, _steps[known].job)
    step = _steps[known]
    assert step.job is not None
    tickets = world.tickets
    runners = list(world.runners)
    for effect in step.effects:
        if isinstance(effect, SendTicket) and len(tickets) < MOST_TICKETS:
            tickets = tuple(sorted((*tickets, effect.dispatch)))
        if isinstance(effect, AnswerRunner) and runner is not None:
            runners[runner] = replace(
                runners[runner], answers=(*runners[runner].answers, slim(effect.reply))[-MOST_MESSAGES:]
            )
    return replace(world, job=step.job, tickets=tickets, runners=tuple(runners))


def slim(reply: object) -> Reply:
    """As the runner's model knows it."""
    if isinstance(reply, Grant):
        return Granted(reply.claim_id, reply.attempt)
    assert isinstance(reply, Refusal | CommitVerdict)
    return reply


def check(before: Job, after: Job | None) -> None:
    assert after is not None
    assert after.attempt >= before.attempt
    assert after.dispatch >= before.dispatch
    assert before.status is not Status.DONE or after.status is Status.DONE
    assert after.owner is None or after.status.running or after.status is Status.PAUSED


def put(world: World, number: int, **fields: object) -> World:
    runners = list(world.runners)
    runners[number] = replace(runners[number], **fields)  # type: ignore[arg-type]
    return replace(world, runners=tuple(runners))


def send(world: World, number: int, event: Event, **fields: object) -> World:
    return put(world, number, sent=(*world.runners[number].sent, event), **fields)


def steps(world: World) -> Iterator[World]:
    """All worlds one step away."""
    yield from from_outside(world)
    for number in range(len(world.runners)):
        yield from from_channels(world, number)
        yield from from_runner(world, number)


def from_outside(world: World) -> Iterator[World]:
    if world.job.status is Status.STARTED and len(world.tickets) < MOST_TICKETS:  # swept, or doubled
        yield replace(world, tickets=tuple(sorted((*world.tickets, world.job.dispatch))))
    came = world.runners[AHEAD].dispatch
    if came and len(world.tickets) < MOST_TICKETS and came not in world.tickets:
        # the block goes back that this runner's ticket came with
        yield replace(world, tickets=tuple(sorted((*world.tickets, came))))
    yield fold(world, SUBMIT)  # redelivered, or sent again
    if world.tickets:
        yield replace(world, tickets=world.tickets[1:])  # lost
    if world.job.owner is not None and world.job.attempt < MOST_ATTEMPTS:
        yield fold(without_placing(world), LeaseEnded(), now=LATER)
    if not world.intervened:
        note = Attribution(by="anna", at=NOW)
        yield replace(fold(world, OperatorRequest(JobAction.CANCEL, note)), intervened=True)
        yield replace(fold(world, OperatorRequest(JobAction.HOLD, note)), intervened=True)
    elif world.job.held is not None:
        yield fold(world, OperatorRequest(JobAction.RELEASE, Attribution(by="anna", at=NOW)))


def without_placing(world: World) -> World:
    """By its own clock the owner knows that its lease ends: it undoes what it places, allowances are void."""
    for number, runner in enumerate(world.runners):
        if runner.attempt == world.job.attempt:
            void = CommitVerdict(job="1", attempt=runner.attempt, allowed=True)
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
            return send(world, number, HandedBack(job="1", attempt=reply.attempt))
        case Refusal() if runner.doing == "claiming" and reply.claim_id == claim_id(number, runner):
            return put(world, number, doing="idle")
        case CommitVerdict() if runner.doing == "asking" and reply.attempt == runner.attempt:
            return put(world, number, doing="placing" if reply.allowed else "idle")
    return world


def claim_id(number: int, runner: Runner) -> str:
    return f"{number}-{runner.life}-{runner.claims}"


def from_runner(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if len(runner.sent) < MOST_MESSAGES:
        yield from _DOING[runner.doing](world, number)
    if owns_unknowingly(world, number):
        yield fold(world, Orphaned(crashed=False, why=NOT_HEARD()), number)  # its heartbeat says so
    if number == 0 and runner.life == 0 and runner.doing != "idle":
        yield crashed(world, number)


def owns_unknowingly(world: World, number: int) -> bool:
    runner = world.runners[number]
    named = (
        runner.doing in {"waiting", "working", "asking", "placing"} and runner.attempt == world.job.attempt
    )
    waiting = runner.doing == "claiming" and claim_id(number, runner) == world.job.claim_id
    return world.job.owner == f"r{number}" and not runner.sent and not named and not waiting


def at_a_bound(world: World) -> bool:
    """Where the model, not the protocol, keeps the job from going on."""
    return world.job.attempt >= MOST_ATTEMPTS or all(r.claims >= MOST_CLAIMS for r in world.runners)


def idle(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if world.tickets and runner.claims < MOST_CLAIMS:
        taken = replace(world, tickets=world.tickets[1:])
        asking = {"doing": "claiming", "dispatch": world.tickets[0], "claims": runner.claims + 1}
        yield claim(put(taken, number, **asking), number)


def claim(world: World, number: int) -> World:
    runner = world.runners[number]
    identifier = claim_id(number, runner)
    return send(world, number, Claim(job="1", dispatch=runner.dispatch, claim_id=identifier))


def claiming(world: World, number: int) -> Iterator[World]:
    yield put(world, number, doing="idle")  # the claim timeout
    if silent(world.runners[number]):
        yield claim(world, number)


def begun(world: World, number: int) -> World:
    """Making the stage takes an older attempt's away; a later one's stage stays."""
    attempt = world.runners[number].attempt
    stage = max(world.stage, attempt)
    return replace(put(world, number, doing="working" if stage == attempt else "idle"), stage=stage)


def waiting(world: World, number: int) -> Iterator[World]:
    """For a slot: it begins, or is returned, and its ticket once the scheduler's inbox knows of that."""
    yield begun(world, number)
    runner = world.runners[number]
    told = put(world, number, doing="idle", sent=())
    for event in (*runner.sent, Unclaimed(job="1", attempt=runner.attempt, turn=world.job.turn)):
        told = fold(told, event, number)
    tickets = tuple(sorted((*told.tickets, runner.dispatch)))[:MOST_TICKETS]
    yield replace(told, tickets=tickets)


def working(world: World, number: int) -> Iterator[World]:
    attempt = world.runners[number].attempt
    advanced = Advanced(job="1", attempt=attempt, seq=1, status=Status.PROCESSING)
    commit = Commit(job="1", attempt=attempt, seq=2)
    yield send(send(world, number, advanced), number, commit, doing="asking")
    yield from cancelling(world, number)


def asking(world: World, number: int) -> Iterator[World]:
    runner = world.runners[number]
    if silent(runner):
        yield send(world, number, Commit(job="1", attempt=runner.attempt, seq=2))
    yield from cancelling(world, number)


def cancelling(world: World, number: int) -> Iterator[World]:
    """The state the scheduler wants, as a heartbeat's answer carries it."""
    attempt = world.runners[number].attempt
    if world.job.cancel is not None and world.job.attempt == attempt:
        ended = Cancelled(job="1", attempt=attempt, seq=3, method=CancelMethod.SIGTERM)
        yield send(world, number, ended, doing="idle")


def placing(world: World, number: int) -> Iterator[World]:
    """With its stage gone nothing can be written."""
    attempt = world.runners[number].attempt
    if world.stage == attempt:
        finished = Finished(job="1", attempt=attempt, seq=4, files=1, bytes=1)
        yield replace(send(world, number, finished, doing="idle"), written=attempt)
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
    dead = replace(
        world, runners=tuple(reborn if one == number else r for one, r in enumerate(world.runners))
    )
    for event in reborn.sent:
        dead = fold(dead, event, number)
    dead = put(dead, number, sent=(), answers=())
    if dead.job.owner == f"r{number}":
        dead = fold(dead, Orphaned(crashed=True, why=NOT_HEARD()), number)
    return dead


@pytest.mark.timeout(300)
def test_no_reachable_state_breaks_the_protocol_and_an_end_is_always_in_reach() -> None:
    first = begin()
    seen = {first.key: first}
    before: dict[object, list[object]] = {}
    todo = deque([first])
    while todo:
        world = todo.popleft()
        for after in steps(world):
            before.setdefault(after.key, []).append(world.key)
            if after.key not in seen:
                check_folder(after)
                seen[after.key] = after
                todo.append(after)

    ends = [key for key, world in seen.items() if world.job.status.final or at_a_bound(world)]
    reachable_from = backwards(ends, before)
    statuses = {world.job.status for world in seen.values()}
    assert len(seen) > 1_000, "the model must not be trivial"
    assert {Status.DONE, Status.CANCELLED, Status.PAUSED, Status.DOWNLOAD} <= statuses
    assert not seen.keys() - reachable_from, "a job that can never end"


def check_folder(world: World) -> None:
    """DONE means the result of that attempt; nothing of a cancelled job is being placed."""
    if world.job.status is Status.DONE:
        assert world.written == world.job.attempt, "I7"
    if world.job.status is Status.CANCELLED:
        placing = [r.attempt for r in world.runners if r.doing == "placing" and r.attempt == world.stage]
        assert not placing or world.job.attempt not in placing, "I7: results of a cancelled job"


def backwards(ends: Sequence[object], before: Mapping[object, list[object]]) -> set[object]:
    found = set(ends)
    todo = deque(ends)
    while todo:
        for key in before.get(todo.popleft(), ()):
            if key not in found:
                found.add(key)
                todo.append(key)
    return found

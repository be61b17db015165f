"""A runner that gives itself out to be a runner of another plugin, with a broker user of its own plugin."""

from datetime import UTC, datetime, timedelta

from taskmanager.messages import (
    AttemptReference,
    Claim,
    Commit,
    CommitVerdict,
    HandedBack,
    Heartbeat,
    Logged,
    Refusal,
    RunnerEvent,
    RunnerEvents,
    Submit,
)
from taskmanager.model.jobs import JobSpec, LogLine
from taskmanager.model.registry import RunnerState
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.jobs.effects import AnswerRunner

NOW = datetime(2027, 1, 1, tzinfo=UTC)
SUBMIT = Submit(job="j", client="c", submitted_at=NOW, spec=JobSpec(plugin="jp2"))
CLAIM = Claim(job="j", dispatch=1, claim_id="c")
BACK = HandedBack(job="j", attempt=1)
LINE = LogLine(at=NOW, level="info", text="forged")


def said(*events: RunnerEvent, plugin: str) -> RunnerEvents:
    """By a runner called `r1`, whatever its plugin."""
    return RunnerEvents(plugin=plugin, runner="r1", instance="i", events=events)


def running() -> Snapshot:
    """A job of jp2 that its runner `r1` has at work."""
    outcome = decide([SUBMIT, said(CLAIM, plugin="jp2")], Snapshot(), NOW)
    state = RunnerState(
        id="r1",
        instance="i",
        plugin="jp2",
        host="h",
        version="1",
        slots=1,
        transfers=1,
        busy=1,
        started_at=NOW,
        last_heartbeat=NOW,
    )
    return Snapshot(jobs={"j": outcome.jobs[0][1]}, runners={"r1": state})


def heard(snapshot: Snapshot, *events: RunnerEvent, at: datetime = NOW) -> Decision:
    return decide([said(*events, plugin="shell")], snapshot, at)


def test_it_gets_no_job_of_another_plugin() -> None:
    waiting = Snapshot(jobs={"j": decide([SUBMIT], Snapshot(), NOW).jobs[0][1]})
    outcome = heard(waiting, CLAIM)
    assert [effect.reply for effect in outcome.effects if isinstance(effect, AnswerRunner)] == [
        Refusal(claim_id="c", reason="unknown")
    ]
    assert not outcome.jobs


def test_it_moves_no_job_of_another_plugin_and_writes_nothing_into_its_log() -> None:
    outcome = heard(running(), BACK, Logged(job="j", attempt=1, seq=1, lines=(LINE,)))
    assert (list(outcome.jobs), list(outcome.logs)) == ([], [])
    assert decide([said(BACK, plugin="jp2")], running(), NOW).jobs


def test_it_gets_no_leave_to_write_into_another_plugins_folder() -> None:
    outcome = heard(running(), Commit(job="j", attempt=1, seq=1))
    [answer] = [effect for effect in outcome.effects if isinstance(effect, AnswerRunner)]
    assert answer.reply == CommitVerdict(job="j", attempt=1, allowed=False)
    assert answer.plugin == "shell"


def test_it_takes_nothing_from_a_runner_of_another_plugin_that_is_alive() -> None:
    beat = Heartbeat(slots=1, busy=0, running=())
    assert not heard(running(), beat).jobs
    assert not heard(running(), beat).runners
    kept = Heartbeat(slots=1, busy=0, running=(AttemptReference(job="j", attempt=1),))
    assert not heard(running(), kept, at=NOW + timedelta(hours=1)).jobs

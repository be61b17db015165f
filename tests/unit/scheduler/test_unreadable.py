"""What the scheduler does to plugins and operations that are stored but cannot be read: nothing."""

from tests.unit.scheduler.test_group_state import NOW, claim, hello, orders, said, submit

from taskmanager.messages import Command, Refusal, StartOperation
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Job
from taskmanager.model.operations import JobFilter
from taskmanager.model.states import Status
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.jobs.effects import AnswerRunner

UNREADABLE = Snapshot(unreadable_plugins=frozenset({"noop"}), unreadable_operations=frozenset({"one"}))


def waiting() -> Job:
    return decide([submit("1")], Snapshot(), NOW).jobs[0][1]


def test_a_runner_does_not_overwrite_its_plugin_and_is_told_to_start_nothing() -> None:
    outcome = decide([said(hello())], UNREADABLE, NOW)

    assert list(outcome.plugins) == []
    assert [runner.id for runner in outcome.runners] == ["r1"]
    assert orders(outcome).paused


def test_none_of_its_jobs_starts() -> None:
    """An operator may have stopped it."""
    snapshot = Snapshot(jobs={"1": waiting()}, unreadable_plugins=UNREADABLE.unreadable_plugins)

    outcome = decide([said(claim("1"))], snapshot, NOW)

    [refusal] = [one.reply for one in outcome.effects if isinstance(one, AnswerRunner)]
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "paused"
    assert [after.status for _, after in outcome.jobs] in ([], [Status.STARTED])


def test_an_operation_is_not_begun_over_one_that_cannot_be_read() -> None:
    order = StartOperation(
        operation="one", action=JobAction.CANCEL, filter=JobFilter(plugin="noop"), fingerprint="f"
    )
    command = Command(id="c", gateway="g", actor="anna", at=NOW, order=order)

    decision = decide([command], UNREADABLE, NOW)

    assert [entry.outcome for entry in decision.audit] == ["refused"]
    assert decision.operations == []

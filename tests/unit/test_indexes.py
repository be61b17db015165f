"""What granting a job costs the database depends on which indexes its changes concern: none."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from taskmanager.messages import Advanced, Claim, Submit
from taskmanager.model.jobs import JobSpec
from taskmanager.model.states import Status
from taskmanager.mongo.base.documents import update_of
from taskmanager.mongo.migrations import INDEXES
from taskmanager_scheduler.jobs.events import Sender, TransitionContext
from taskmanager_scheduler.jobs.transitions import transition

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNER = Sender("r", "i", "noop")


def indexed() -> set[str]:
    """All fields that an index of jobs contains or depends on, by the first part of their names."""
    made = [index.document for index in INDEXES["jobs"]]
    names = {name for index in made for name in index["key"]}
    for index in made:
        names.update(conditioned(index.get("partialFilterExpression", {})))
    return {name.split(".")[0] for name in names}


def conditioned(expression: Mapping[str, Any]) -> Iterator[str]:
    """The fields that a condition is about."""
    for name, value in expression.items():
        if name == "$or":
            for alternative in value:
                yield from conditioned(alternative)
        else:
            yield name


def test_all_fields_of_partial_indexes_are_known() -> None:
    assert {"plugin", "tab", "turn", "finished", "ticket_due", "warned", "terms", "spec"} <= indexed()
    assert not [name for name in indexed() if name.startswith("$")]


def test_no_index_changes_when_a_job_is_granted_and_its_plugin_begins() -> None:
    at = TransitionContext(NOW, RUNNER)
    submit = Submit(job="1", client="test", submitted_at=NOW, spec=JobSpec(plugin="noop"))
    waiting = transition(None, submit, at).job
    assert waiting is not None
    granted = transition(waiting, Claim(job="1", dispatch=1, claim_id="c"), at).job
    assert granted is not None
    working = transition(granted, Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING), at).job
    assert working is not None

    assert granted.owner == "r"
    assert working.status is Status.PROCESSING
    for before, after in ((waiting, granted), (granted, working)):
        assert not indexed() & {name for fields in update_of(before, after).values() for name in fields}

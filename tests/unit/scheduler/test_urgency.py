"""What makes the work beside the inbox give way to it."""

from datetime import UTC, datetime

import pytest

from taskmanager.messages import Claim, Heartbeat, Inbound, RunnerEvents, Submit, Tick
from taskmanager.model.jobs import JobSpec
from taskmanager_scheduler.inbox.urgency import LASTS, Urgency

NOW = datetime(2027, 1, 1, tzinfo=UTC)
BEAT = Heartbeat(slots=1, busy=0, running=())
CLAIM = Claim(job="1", dispatch=1, claim_id="c")


def said(*events: Heartbeat | Claim) -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner="r", instance="i", events=events)


@pytest.mark.parametrize(
    ("message", "urgent"),
    [
        (Tick(scheduler="s"), False),
        (said(BEAT), False),
        (said(BEAT, CLAIM), True),
        (Submit(job="1", client="c", submitted_at=NOW, spec=JobSpec(plugin="noop")), True),
    ],
)
def test_a_message_is_urgent_if_somebody_waits_for_what_becomes_of_it(message: Inbound, urgent: bool) -> None:
    urgency = Urgency(lambda: 0.0)
    urgency.note([Tick(scheduler="s"), message])
    assert urgency.on is urgent


def test_urgency_lasts_a_while_after_the_last_such_message() -> None:
    now = [0.0]
    urgency = Urgency(lambda: now[0])
    urgency.note([said(CLAIM)])
    now[0] = LASTS.total_seconds() - 0.1
    assert urgency.on
    urgency.note([said(BEAT)])
    now[0] = LASTS.total_seconds()
    assert not urgency.on

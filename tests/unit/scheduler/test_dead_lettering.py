"""What nobody can take is dead-lettered without telling its contents, and its tickets do not come back."""

from structlog.testing import capture_logs
from tests.unit.scheduler.reading import reader
from tests.unit.scheduler.scenes import ONE, claim, fail, submission

from taskmanager.accounts.broker_users import BrokerUsers
from taskmanager.messages import Refusal, RunnerEvents, Tick
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Delivery
from taskmanager_scheduler.jobs.effects import AnswerRunner, refusals

TOPOLOGY = Topology()


def test_the_claims_of_a_message_that_was_dead_lettered_are_answered() -> None:
    said = RunnerEvents(
        plugin="jp2",
        runner=ONE.runner,
        instance=ONE.instance,
        events=(claim(), fail(1, 1, crashed=False), claim(claim_id="c2")),
    )
    assert refusals(said) == [
        AnswerRunner("jp2", ONE.runner, ONE.instance, Refusal(claim_id=name, reason="unknown"))
        for name in ("c1", "c2")
    ]
    assert refusals(submission()) == []


def test_a_dead_letter_is_logged_without_its_body() -> None:
    body = b'{"password_of": "anna"}'
    with capture_logs() as logs:
        reader(1).dead_letter(Delivery(body, "gateway.command", 1, 1), "defect", ValueError(body.decode()))
    [entry] = logs
    assert "anna" not in str(entry)
    assert entry["bytes"] == len(body)


def test_a_message_that_is_not_believed_is_logged_with_the_reason() -> None:
    users = BrokerUsers()
    made = reader(1, users)
    body = Tick(scheduler="s").encode()
    with capture_logs() as logs:
        made.deliver(Delivery(body, TOPOLOGY.tick_key, 1, 1, user=users.gateway))
    [entry] = logs
    assert entry["reason"] == "not believed"
    assert users.gateway in entry["error"]

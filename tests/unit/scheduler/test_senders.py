"""Which messages the scheduler believes, and of whom."""

from datetime import UTC, datetime

import pytest

from taskmanager.accounts.broker_users import BrokerUsers
from taskmanager.errors import PermanentError
from taskmanager.messages import (
    Command,
    Heartbeat,
    Hello,
    Inbound,
    PluginCommand,
    ReplicasReported,
    RunnerEvents,
    Submit,
    Tick,
    TokensUsed,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import PluginAction
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import Need, PluginManifest
from taskmanager_scheduler.inbox.senders import Senders, senders_for

NOW = datetime(2027, 1, 1, tzinfo=UTC)
TOPOLOGY = Topology()
USERS = BrokerUsers("lib")
SENDERS = Senders(TOPOLOGY, USERS)
BEAT = Heartbeat(slots=1, busy=0, running=())
EVENTS = RunnerEvents(plugin="jp2", runner="r1", instance="i", events=(BEAT,))
COMMAND = Command(
    id="c", gateway="g", actor="a", at=NOW, order=PluginCommand(plugin="jp2", action=PluginAction.RESTART)
)
SUBMIT = Submit(job="j", client="c", submitted_at=NOW, spec=JobSpec(plugin="jp2"))
USES = TokensUsed(uses={})
TICK = Tick(scheduler="s")
REPLICAS = ReplicasReported(plugin="jp2", place="here", agent="a", seq=1, engine="docker", most=1)

KEYS = {
    "events": TOPOLOGY.events_key("jp2"),
    "command": TOPOLOGY.command_key,
    "submit": "jp2",
    "tokens_used": TOPOLOGY.command_key,
    "tick": TOPOLOGY.tick_key,
    "replicas": TOPOLOGY.replicas_key,
}
BELIEVED = [
    (EVENTS, {USERS.runner("jp2")}),
    (COMMAND, {USERS.gateway, USERS.scheduler}),
    (SUBMIT, {USERS.gateway}),
    (USES, {USERS.gateway}),
    (TICK, {USERS.scheduler}),
    (REPLICAS, {USERS.orchestrator}),
]
EVERYBODY = (
    *(USERS.gateway, USERS.scheduler, USERS.migrate, USERS.runner("jp2"), USERS.runner("shell")),
    USERS.orchestrator,
    *("other-gateway", "guest", None),
)


@pytest.mark.parametrize(("message", "who"), BELIEVED)
def test_a_message_is_believed_of_its_users_only(message: Inbound, who: set[str]) -> None:
    key = KEYS[message.type]
    assert {user for user in EVERYBODY if SENDERS.doubt(message, key, user) is None} == who


@pytest.mark.parametrize(("message", "who"), BELIEVED)
def test_a_message_that_came_with_another_key_is_not_believed(message: Inbound, who: set[str]) -> None:
    for key in {*KEYS.values(), "shell.events", "", "jp2.events.x"} - {KEYS[message.type]}:
        assert SENDERS.doubt(message, key, next(iter(who))) is not None
        assert Senders(TOPOLOGY).doubt(message, key, None) is not None


def test_a_runner_brings_no_plugin_but_its_own() -> None:
    manifest = PluginManifest(
        name="shell", title="Shell", job_type="SHELL", source=Need.OPTIONAL, destination=Need.OPTIONAL
    )
    hello = Hello(manifest=manifest, host="h", version="1", slots=1, transfers=1, started_at=NOW, running=())
    message = EVENTS.model_copy(update={"events": (hello,)})
    assert SENDERS.doubt(message, KEYS["events"], USERS.runner("jp2")) is not None


def test_a_scheduler_with_anybodys_user_does_not_start() -> None:
    with pytest.raises(PermanentError, match="TASKMANAGER_BROKER_USERS=shared"):
        senders_for(TOPOLOGY, "guest", shared=False)
    assert senders_for(TOPOLOGY, "guest", shared=True) == Senders(TOPOLOGY)
    assert senders_for(TOPOLOGY, "lib-scheduler", shared=False) == SENDERS

"""What each broker user can do to a real RabbitMQ, and what it is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import pika.exceptions
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from tests.conftest import USERS

from taskmanager.accounts.broker_users import broker_users
from taskmanager.messages.topology import Topology
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import declare_plugin
from taskmanager_local.servers import RunningServer, private_rabbitmq

TOPOLOGY = Topology()
PLUGINS = ("jp2", "shell")
Act = Callable[[BlockingChannel], object]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A node as an installation has it."""
    users = broker_users(TOPOLOGY, PLUGINS, users=USERS)
    with private_rabbitmq(Path(tmp_path_factory.mktemp("users")), users) as server:
        yield server


async def declared(channel: AsyncChannel) -> None:
    await declare_topology(channel, TOPOLOGY)
    for plugin in PLUGINS:
        await declare_plugin(channel, TOPOLOGY, plugin)


@pytest.fixture
async def topology(broker: RunningServer) -> RunningServer:
    """The broker with everything declared by the migration's user, and again by the scheduler's."""
    await Broker.once(broker.url_of(USERS.migrate), "test", declared)
    await Broker.once(broker.url_of(USERS.scheduler), "test", declared)
    return broker


def publishing(exchange: str, key: str, user: str | None = None) -> Act:
    def act(channel: BlockingChannel) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(user_id=user))

    return act


def binding(plugin: str, key: str) -> Act:
    """With a private queue of a runner of the plugin."""

    def act(channel: BlockingChannel) -> None:
        queue = TOPOLOGY.runner_control(plugin, "r1").name
        channel.queue_declare(queue, auto_delete=True)
        channel.queue_bind(queue, TOPOLOGY.control, key)

    return act


def hearing_gateways(key: str) -> Act:
    def act(channel: BlockingChannel) -> None:
        queue = TOPOLOGY.gateway_changes("g").name
        channel.queue_declare(queue, auto_delete=True)
        channel.queue_bind(queue, TOPOLOGY.changes, "")
        channel.queue_bind(queue, TOPOLOGY.control, key)

    return act


def reading(queue: str) -> Act:
    return lambda channel: channel.basic_consume(queue, lambda *_: None)


def hearing_orders(key: str) -> Act:
    def act(channel: BlockingChannel) -> None:
        queue = TOPOLOGY.orchestrator_control("here").name
        channel.queue_declare(queue, auto_delete=True)
        channel.queue_bind(queue, TOPOLOGY.control, key)

    return act


JP2 = USERS.runner("jp2")
ALLOWED = {
    "a gateway submits": (USERS.gateway, publishing(TOPOLOGY.submit, "jp2", USERS.gateway)),
    "a gateway commands": (USERS.gateway, publishing(TOPOLOGY.events, TOPOLOGY.command_key)),
    "a gateway hears": (USERS.gateway, hearing_gateways(TOPOLOGY.gateway_key("g"))),
    "a runner reports": (JP2, publishing(TOPOLOGY.events, TOPOLOGY.events_key("jp2"), JP2)),
    "a runner takes its tickets": (JP2, reading(TOPOLOGY.jobs("jp2").name)),
    "a runner hears its orders": (JP2, binding("jp2", TOPOLOGY.runner_key("jp2", "host.r1"))),
    "a runner hears its plugin's": (JP2, binding("jp2", TOPOLOGY.plugin_key("jp2"))),
    "the scheduler answers": (
        USERS.scheduler,
        publishing(TOPOLOGY.answers, TOPOLOGY.runner_key("jp2", "r1")),
    ),
    "the scheduler ticks": (USERS.scheduler, publishing(TOPOLOGY.events, TOPOLOGY.tick_key)),
    "the scheduler sends tickets": (USERS.scheduler, publishing(TOPOLOGY.dispatch, "jp2")),
    "the scheduler tells of changes": (USERS.scheduler, publishing(TOPOLOGY.hints, "")),
    "the scheduler reads its inbox": (USERS.scheduler, reading(TOPOLOGY.inbox.name)),
    "an orchestrator reports": (USERS.orchestrator, publishing(TOPOLOGY.events, TOPOLOGY.replicas_key)),
    "an orchestrator hears its orders": (
        USERS.orchestrator,
        hearing_orders(TOPOLOGY.orchestrator_key("here")),
    ),
}
REFUSED = {
    "a runner commands": (JP2, publishing(TOPOLOGY.events, TOPOLOGY.command_key)),
    "a runner submits": (JP2, publishing(TOPOLOGY.submit, "jp2")),
    "a runner reports for another plugin": (JP2, publishing(TOPOLOGY.events, TOPOLOGY.events_key("shell"))),
    "a runner sends tickets": (JP2, publishing(TOPOLOGY.dispatch, "jp2")),
    "a runner gives orders": (JP2, publishing(TOPOLOGY.answers, TOPOLOGY.plugin_key("shell"))),
    "a runner hands out orders": (JP2, publishing(TOPOLOGY.control, TOPOLOGY.plugin_key("shell"))),
    "a runner tells of changes": (JP2, publishing(TOPOLOGY.hints, "")),
    "a runner hands out changes": (JP2, publishing(TOPOLOGY.changes, "")),
    "a runner drops what orders go through": (JP2, lambda one: one.exchange_delete(TOPOLOGY.control)),
    "a runner reaches the inbox by the default exchange": (JP2, publishing("", TOPOLOGY.inbox.name)),
    "a runner gives itself out to be a gateway": (
        JP2,
        publishing(TOPOLOGY.events, TOPOLOGY.events_key("jp2"), USERS.gateway),
    ),
    "a runner takes another's tickets": (JP2, reading(TOPOLOGY.jobs("shell").name)),
    "a runner reads the inbox": (JP2, reading(TOPOLOGY.inbox.name)),
    "a runner hears another plugin's runner": (JP2, binding("jp2", TOPOLOGY.runner_key("shell", "r1"))),
    "a runner hears every runner": (JP2, binding("jp2", "runner.#")),
    "a runner hears gateways": (JP2, binding("jp2", TOPOLOGY.gateway_key("g"))),
    "a runner has another plugin's queue": (JP2, binding("shell", TOPOLOGY.plugin_key("jp2"))),
    "a runner deletes its plugin's queue": (
        JP2,
        lambda channel: channel.queue_delete(TOPOLOGY.jobs("jp2").name),
    ),
    "a runner reports replicas": (JP2, publishing(TOPOLOGY.events, TOPOLOGY.replicas_key)),
    "an orchestrator commands": (USERS.orchestrator, publishing(TOPOLOGY.events, TOPOLOGY.command_key)),
    "an orchestrator reports jobs": (
        USERS.orchestrator,
        publishing(TOPOLOGY.events, TOPOLOGY.events_key("jp2")),
    ),
    "an orchestrator submits": (USERS.orchestrator, publishing(TOPOLOGY.submit, "jp2")),
    "an orchestrator takes tickets": (USERS.orchestrator, reading(TOPOLOGY.jobs("jp2").name)),
    "an orchestrator reads the inbox": (USERS.orchestrator, reading(TOPOLOGY.inbox.name)),
    "an orchestrator hears runners": (USERS.orchestrator, hearing_orders("runner.#")),
    "an orchestrator gives orders": (
        USERS.orchestrator,
        publishing(TOPOLOGY.answers, TOPOLOGY.plugin_key("jp2")),
    ),
    "a gateway reads the inbox": (USERS.gateway, reading(TOPOLOGY.inbox.name)),
    "a gateway reports": (USERS.gateway, publishing(TOPOLOGY.events, TOPOLOGY.events_key("jp2"))),
    "a gateway ticks": (USERS.gateway, publishing(TOPOLOGY.events, TOPOLOGY.tick_key)),
    "a gateway answers": (USERS.gateway, publishing(TOPOLOGY.answers, TOPOLOGY.plugin_key("jp2"))),
    "a gateway hands out answers": (
        USERS.gateway,
        publishing(TOPOLOGY.control, TOPOLOGY.plugin_key("jp2")),
    ),
    "a gateway hears runners": (USERS.gateway, hearing_gateways("runner.#")),
    "the migration commands": (USERS.migrate, publishing(TOPOLOGY.events, TOPOLOGY.command_key)),
    "the migration takes tickets": (USERS.migrate, reading(TOPOLOGY.jobs("jp2").name)),
    "the scheduler submits": (USERS.scheduler, publishing(TOPOLOGY.submit, "jp2")),
    "the scheduler reports": (USERS.scheduler, publishing(TOPOLOGY.events, TOPOLOGY.events_key("jp2"))),
}


def done_by(server: RunningServer, user: str, act: Act) -> None:
    with pika.BlockingConnection(pika.URLParameters(server.url_of(user))) as connection:
        act(connection.channel())


@pytest.mark.parametrize("what", ALLOWED)
def test_a_broker_user_may_do_what_its_service_does(topology: RunningServer, what: str) -> None:
    done_by(topology, *ALLOWED[what])


@pytest.mark.parametrize("what", REFUSED)
def test_a_broker_user_is_refused_everything_else(topology: RunningServer, what: str) -> None:
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as closed:
        done_by(topology, *REFUSED[what])
    assert closed.value.reply_code in {403, 406}


def test_nobody_logs_in_with_the_password_every_broker_has(broker: RunningServer) -> None:
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@127.0.0.1:{broker.port}/%2F"))

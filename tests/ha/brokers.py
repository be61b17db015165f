"""The nodes of a RabbitMQ cluster, each on its own host."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pika
from pika.exceptions import AMQPError
from tests.ha.releases import Release
from tests.ha.world import Host

from taskmanager.accounts.server_passwords import Passwords
from taskmanager.files.private_files import private_file
from taskmanager.rabbit.channel import parameters
from taskmanager_local.commands import Command, private_folder
from taskmanager_local.rabbitmq import USER, RabbitmqNode
from taskmanager_testing.waiting import eventually

PORT, DISTRIBUTION_PORT, EPMD_PORT = 5672, 25672, 4369
READY_SECONDS = 120
LOGIN_SECONDS = 3
TOOL_SECONDS = 60
CLUSTER = """\
cluster_formation.peer_discovery_backend = classic_config
cluster_partition_handling = autoheal
net_ticktime = 15
"""
"""What docs/operations.md recommends, except for how the nodes find each other."""
WAITS_LESS = "consumer_disconnected_timeout = 5000\n"
"""For RabbitMQ 4.3 and later: otherwise a quorum queue waits a minute for the consumer of a lost node."""
MIRRORS = {
    "vhost": "/",
    "name": "taskmanager-mirrors",
    "pattern": r"^tm\.jobs\.",
    "apply-to": "queues",
    "definition": {"ha-mode": "all", "ha-sync-mode": "automatic"},
    "priority": 0,
}
"""For RabbitMQ 3, which does not delete a queue whose node is down; RabbitMQ 4 has no mirrors."""


@dataclass(frozen=True)
class ClusterNode:
    """One node; `hosts` are those of the whole cluster."""

    node: RabbitmqNode
    host: Host
    hosts: Sequence[Host]
    release: Release

    @property
    def folder(self) -> Path:
        """See `taskmanager_local.servers.Server`."""
        return self.node.folder

    @property
    def port(self) -> int:
        """See `taskmanager_local.servers.Server`."""
        return self.node.port

    @property
    def url(self) -> str:
        """See `taskmanager_local.servers.Server`."""
        return self.node.url

    @property
    def url_of(self) -> Callable[..., str]:
        """See `taskmanager_local.servers.Server`."""
        return self.node.url_of

    def prepare(self) -> None:
        """Write the files it needs."""
        self.node.prepare()
        definitions = self.folder / "definitions.json"
        policies = [MIRRORS] if self.release.version.startswith("3.") else []
        private_file(definitions, json.dumps({**json.loads(definitions.read_text()), "policies": policies}))
        peers = [
            f"cluster_formation.classic_config.nodes.{number} = {_name(host)}\n"
            for number, host in enumerate(self.hosts, 1)
        ]
        configuration = self.folder / "rabbitmq.conf"
        waits = WAITS_LESS if self.release.numbers >= (4, 3) else ""
        private_file(
            configuration, configuration.read_text(encoding="utf-8") + CLUSTER + waits + "".join(peers)
        )

    def commands(self) -> list[Command]:
        """The processes of this node, on its host."""
        epmd, server = self.node.commands()
        environment = self.environment
        return [
            replace(epmd, arguments=self.host.inside(epmd.arguments), environment=environment),
            replace(
                server,
                arguments=self.host.inside(self.release.script("rabbitmq-server")),
                environment=environment,
            ),
        ]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every script."""
        return {
            **self.node.environment(),
            "RABBITMQ_NODENAME": _name(self.host),
            "RABBITMQ_USE_LONGNAME": "true",
        }

    def wait_until_ready(self) -> None:
        """Return at once: a node may wait for the others."""

    def serves(self, queue: str | None = None) -> bool:
        """Whether it accepts a log-in and answers for the queue."""
        login = parameters(self.url, "ha")
        login.socket_timeout = login.stack_timeout = login.blocked_connection_timeout = LOGIN_SECONDS
        try:
            connection = pika.BlockingConnection(login)
            try:
                if queue:
                    connection.channel().queue_declare(queue, passive=True)
            finally:
                connection.close()
        except (AMQPError, OSError):
            return False
        return True

    def tool(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints."""
        return subprocess.run(
            self.host.inside([*self.release.script("rabbitmqctl"), *arguments]),
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=TOOL_SECONDS,
        ).stdout


def _name(host: Host) -> str:
    return f"rabbit@{host.address}"


def cluster_nodes(folder: Path, hosts: Sequence[Host], release: Release) -> list[ClusterNode]:
    """The nodes of one cluster: they share the administrator's password and Erlang's secret."""
    secrets = Passwords(private_folder(folder) / "passwords.json")
    password, cookie = secrets.of(USER), secrets.of("cookie")
    nodes = []
    for host in hosts:
        own = private_folder(folder / host.name)
        private_file(own / "passwords.json", json.dumps({USER: password}))
        private_file(own / ".erlang.cookie", cookie)
        node = RabbitmqNode(own, PORT, DISTRIBUTION_PORT, EPMD_PORT, address=host.address)
        nodes.append(ClusterNode(node, host, hosts, release))
    return nodes


def wait_until_formed(nodes: Sequence[ClusterNode]) -> None:
    """Wait until all nodes are running members of one cluster."""
    for node in nodes:
        eventually(node.serves, within_seconds=READY_SECONDS, what=f"{node.host.name} serving")
    status = json.loads(nodes[0].tool("cluster_status", "--formatter", "json"))
    assert len(status["running_nodes"]) == len(nodes), f"no cluster of {len(nodes)}: {status}"


def all_urls(nodes: Sequence[ClusterNode]) -> str:
    """The URLs of all nodes, as services are given them."""
    return ",".join(node.url for node in nodes)

"""Three broker nodes, three members of a replica set, two gateways, two schedulers, and runners."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.ha import brokers, members, world
from tests.ha.brokers import ClusterNode
from tests.ha.members import Member
from tests.ha.releases import Release
from tests.ha.stations import Station
from tests.soak.machines import PLUGINS, Machines, Urls, end, start_services

from taskmanager.messages.topology import Topology
from taskmanager_local.servers import RunningServer
from taskmanager_local.services import Options
from taskmanager_local.state import StackFolder

OF_EACH = 3
PROBED = "sleep"
"""The plugin for probes, which is never stopped and whose slots nothing else needs."""
BROKERS, DATABASES = 11, 21
"""The last part of the first address of each kind of server."""


@contextmanager
def running_system(
    path: Path, roots: Path, release: Release, *, runners: int, slots: int, settings: Mapping[str, str]
) -> Iterator[tuple[Machines, list[Station]]]:
    """Everything started and ready; everything ended afterwards. Only inside `world.entering`."""
    folder = StackFolder(path)
    folder.make()
    world.build()
    release.show(path)
    with ExitStack() as stack:
        nodes = brokers.cluster_nodes(path / "rabbitmq", _hosts(stack, "broker", BROKERS), release)
        replicas = members.replica_members(path / "mongod", _hosts(stack, "mongod", DATABASES))
        stations = [
            *[_broker(stack, node) for node in nodes],
            *[_database(stack, member) for member in replicas],
        ]
        members.initiate(replicas)
        brokers.wait_until_formed(nodes)
        urls = Urls(nodes[0].url, brokers.all_urls(nodes), members.all_urls(replicas))
        machines = Machines(folder, {one.name: one for one in stations}, urls, nodes[0].tool)
        plugins = (*PLUGINS, PROBED)
        start_services(stack, machines, Options((roots,), slots, runners=runners, plugins=plugins), settings)
        yield machines, stations


def _hosts(stack: ExitStack, kind: str, first: int) -> Sequence[world.Host]:
    return [
        stack.enter_context(world.host(f"{kind}-{number}", first + number - 1))
        for number in range(1, OF_EACH + 1)
    ]


def _broker(stack: ExitStack, node: ClusterNode) -> Station:
    inbox = Topology().inbox.name
    server = _started(stack, node)
    return Station(node.host.name, node.host, server, lambda: node.serves(inbox), lambda: "")


def _database(stack: ExitStack, member: Member) -> Station:
    server = _started(stack, member)
    return Station(
        member.host.name,
        member.host,
        server,
        lambda: member.state() is not None,
        lambda: member.state() or "",
    )


def _started(stack: ExitStack, one: ClusterNode | Member) -> RunningServer:
    server = RunningServer(one)
    stack.callback(end, server)
    server.start()
    return server

"""All waiting jobs of a plugin at once: remaking their tickets, and one operation that changes them."""

import time
from collections.abc import Iterator

import pika
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, at_most, figure, percentile
from tests.bench.stage.servers import Servers
from tests.bench.stage.system import System

from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import PRIORITY_HIGHEST
from taskmanager_testing.waiting import eventually

LIMIT_SECONDS = 120
POLL_SECONDS = 0.1
COMMAND_EVERY_SECONDS = 1.0
"""The interval between the commands of a busy operator."""
NEW_PRIORITY = 7
"""No seeded job has this priority."""


def wait_for_tickets(servers: Servers, system: System, plugin: str, queued: int) -> float:
    """Start the scheduler; returns the seconds until every waiting job has its ticket."""
    began = time.perf_counter()
    system.start("scheduler", "taskmanager-scheduler")
    system.wait_until_ready()
    queue = Topology(system.environment["TASKMANAGER_TOPOLOGY_PREFIX"]).jobs(plugin).name
    with pika.BlockingConnection(pika.URLParameters(servers.rabbitmq.url)) as connection:
        channel = connection.channel()
        eventually(
            lambda: channel.queue_declare(queue, passive=True).method.message_count >= queued,
            within_seconds=LIMIT_SECONDS,
            what="all tickets are made again",
        )
    return time.perf_counter() - began


def change_all(bench: Bench, system: System, plugin: str, another: str) -> Iterator[Figure]:
    """Measure one operation for all jobs, from request to end, and commands to single jobs meanwhile."""
    order = {"action": "priority", "priority": NEW_PRIORITY, "filter": {"plugin": plugin, "tab": "queue"}}
    began, commands, seen = time.perf_counter(), list[float](), set[int]()
    operation = system.ask("POST", "/operations", order)
    while operation["state"] != "done":
        if time.perf_counter() - began > LIMIT_SECONDS:
            raise RuntimeError(f"the operation did not end: {operation}")
        if time.perf_counter() - began > len(commands) * COMMAND_EVERY_SECONDS:
            commands.append(_command(system, another, PRIORITY_HIGHEST - len(commands) % 2))
        time.sleep(POLL_SECONDS)
        operation = system.ask("GET", f"/operations/{operation['id']}")
        seen.add(operation["percent"])
    took = time.perf_counter() - began
    note = f"{operation['done']} changed, {operation['refused']} refused, {len(seen)} steps of progress seen"
    yield figure("bulk_change", took, "s", at_most(30), note)
    yield figure("bulk_change_rate", operation["total"] / took, "jobs/s", note=f"{bench.queued} waiting")
    yield figure("command_beside_bulk_p50", percentile(commands, 50), "ms")
    yield figure("command_beside_bulk_p95", percentile(commands, 95), "ms", at_most(100))


def _command(system: System, job: str, priority: int) -> float:
    """Milliseconds of a command to one job."""
    began = time.perf_counter()
    system.ask("PUT", f"/jobs/{job}/priority", {"priority": priority})
    return 1000 * (time.perf_counter() - began)

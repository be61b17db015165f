"""All waiting jobs of a plugin at once: remaking their tickets, and operations that change them."""

import time
from collections.abc import Callable, Iterator
from typing import Any

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
BESIDE_SECONDS = 20
"""For how long commands are measured beside an operation."""
FIRST_PRIORITY, SECOND_PRIORITY = 7, 6
"""No seeded job has these priorities."""


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
    """Measure one operation for all jobs alone, then single commands while another one is at work."""
    operation, took, _ = _changed(system, plugin, FIRST_PRIORITY, lambda: None, LIMIT_SECONDS)
    if operation["state"] != "done":
        raise RuntimeError(f"the operation did not end: {operation}")
    note = f"{operation['done']} changed, {operation['refused']} refused"
    yield figure("bulk_change", took, "s", at_most(30), note)
    yield figure("bulk_change_rate", operation["total"] / took, "jobs/s", note=f"{bench.queued} waiting")
    commands: list[float] = []

    def command() -> None:
        commands.append(_command(system, another, PRIORITY_HIGHEST - len(commands) % 2))

    operation, took, jobs = _changed(system, plugin, SECOND_PRIORITY, command, BESIDE_SECONDS)
    system.ask("POST", f"/operations/{operation['id']}/stop")
    yield figure("command_beside_bulk_p50", percentile(commands, 50), "ms")
    yield figure("command_beside_bulk_p95", percentile(commands, 95), "ms", at_most(100))
    yield figure("bulk_change_rate_beside_commands", jobs / took, "jobs/s")


def _changed(
    system: System, plugin: str, priority: int, meanwhile: Callable[[], None], limit_seconds: float
) -> tuple[Any, float, int]:
    """The operation after its end or the limit, how many seconds it has worked, and the jobs it has changed.

    `meanwhile` is called at intervals.
    """
    order = {"action": "priority", "priority": priority, "filter": {"plugin": plugin, "tab": "queue"}}
    began, calls = time.perf_counter(), 0
    operation = system.ask("POST", "/operations", order)
    while operation["state"] != "done" and time.perf_counter() - began < limit_seconds:
        if time.perf_counter() - began > calls * COMMAND_EVERY_SECONDS:
            calls += 1
            meanwhile()
        time.sleep(POLL_SECONDS)
        operation = system.ask("GET", f"/operations/{operation['id']}")
    return operation, time.perf_counter() - began, operation["done"]


def _command(system: System, job: str, priority: int) -> float:
    """Milliseconds of a command to one job."""
    began = time.perf_counter()
    system.ask("PUT", f"/jobs/{job}/priority", {"priority": priority})
    return 1000 * (time.perf_counter() - began)

"""Prepares broker and database.

`taskmanager-migrate`. Explicit, repeatable, and the only place that makes indexes.
"""

import asyncio
import sys

import structlog

from taskmanager import logs
from taskmanager.config import exit_text
from taskmanager.errors import TaskManagerError
from taskmanager.mongo import connect, migrate
from taskmanager.rabbit import Broker, declare_topology
from taskmanager_scheduler.settings import SchedulerSettings

log = structlog.get_logger(__name__)


async def prepare(settings: SchedulerSettings) -> None:
    """Declare the topology and make the indexes; raises TaskManagerError."""
    client, database = connect(settings.mongodb_url.get_secret_value(), socket_limit=None)
    try:
        indexes = await migrate(database)
    finally:
        await client.close()
    log.info("indexes_made", indexes=len(indexes))
    await Broker.once(
        settings.amqp_url.get_secret_value(),
        "migrate",
        lambda channel: declare_topology(channel, settings.topology),
    )
    log.info("topology_declared", prefix=settings.topology_prefix)


def main() -> None:
    """Exit 0 when both are ready, 1 with one line on stderr otherwise."""
    settings = SchedulerSettings()
    logs.configure("migrate", log_format=settings.log_format, level=settings.log_level)
    try:
        asyncio.run(prepare(settings))
    except TaskManagerError as error:
        sys.exit(f"taskmanager-migrate: {exit_text(error)}")

"""Prepares the broker and the database, changes the number of partitions, and creates the first admin.

`taskmanager-migrate`. Explicit, repeatable, and the only place that creates indexes. The password of the
first admin goes to stdout and nowhere else.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace

from taskmanager.errors import TaskManagerError
from taskmanager.mongo import MongoStore, connect, migrate
from taskmanager.mongo.partitions import store_partitions, stored_partitions
from taskmanager.process import logs
from taskmanager.process.config import exit_text
from taskmanager.process.logs import get_logger
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import renew_if_empty
from taskmanager.rabbit.repartition import repartition
from taskmanager_scheduler.cli.users import give_first_password
from taskmanager_scheduler.settings import SchedulerSettings

log = get_logger(__name__)


async def prepare(settings: SchedulerSettings, *, admin: bool = True) -> None:
    """Declare the topology, create the indexes and, if wanted, the first admin; raises TaskManagerError."""
    client, database = connect(settings.mongodb_url.get_secret_value(), socket_limit=None)
    try:
        indexes = await migrate(database)
        log.info("indexes_made", indexes=len(indexes))
        await _declare(settings, await stored_partitions(database))
        log.info("topology_declared", prefix=settings.topology_prefix)
        await store_partitions(database, settings.partitions)
    finally:
        await client.close()
    if admin:
        await _make_first_admin(settings)


async def _declare(settings: SchedulerSettings, partitions: int) -> None:
    """Declare the topology of an installation that has had so many partitions."""
    topology = settings.topology
    former = replace(topology, partitions=partitions)

    async def declare(channel: AsyncChannel) -> None:
        await renew_if_empty(channel, topology.dead_letters)
        if partitions == topology.partitions:
            await declare_topology(channel, topology)
        else:
            await repartition(channel, former, topology)

    await Broker.once(settings.amqp_url.get_secret_value(), "migrate", declare)


async def _make_first_admin(settings: SchedulerSettings) -> None:
    store = MongoStore(settings.mongodb_url.get_secret_value())
    try:
        shown = await give_first_password(store)
    finally:
        await store.close()
    if shown is not None:
        sys.stdout.write(shown)
        sys.stdout.flush()
        log.info("first_admin_made")


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit with 0 when both are ready, or 1 with one line on stderr otherwise."""
    options = _parser().parse_args(arguments)
    settings = SchedulerSettings()
    logs.configure("migrate", log_format=settings.log_format, level=settings.log_level)
    try:
        asyncio.run(prepare(settings, admin=not options.no_admin))
    except TaskManagerError as error:
        sys.exit(f"taskmanager-migrate: {exit_text(error)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("taskmanager-migrate", description=__doc__)
    parser.add_argument(
        "--no-admin",
        action="store_true",
        help="make no first admin: nobody logs in. A later run without this option makes one",
    )
    return parser

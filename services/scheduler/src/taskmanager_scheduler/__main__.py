"""Wires the scheduler: `taskmanager-scheduler`."""

from taskmanager.process import swift_start  # noqa: F401 - what it does is done by importing it

# isort: split

import asyncio
import os
import socket
import sys
from dataclasses import dataclass
from functools import partial

import uvloop

from taskmanager import __version__
from taskmanager.channels import settings as channels
from taskmanager.errors import StoreUnavailableError, TaskManagerError
from taskmanager.goobi.settings import load
from taskmanager.model.partitions import Partition
from taskmanager.mongo import MongoDeadLetters, MongoNotifications, MongoReader, MongoReports, MongoStore
from taskmanager.mongo.writer import unchanged
from taskmanager.process import logs
from taskmanager.process.config import exit_text
from taskmanager.process.garbage import keep_what_is_loaded
from taskmanager.process.lifecycle import run_parts, stop_on_signals
from taskmanager.process.metrics import BUILD
from taskmanager.process.retry import Backoff
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit.dead_letters import DeadLetters
from taskmanager.rabbit.declare import PluginQueues
from taskmanager.rabbit.private_routes import PrivateRoutes
from taskmanager.rabbit.queue_depth import depth
from taskmanager.serving.http import HttpServer, health_app
from taskmanager_scheduler.background.database_clock import DatabaseClock
from taskmanager_scheduler.background.duty import MISSED_TICKS
from taskmanager_scheduler.background.gauges import Gauges
from taskmanager_scheduler.broker.queue_watch import QueueWatch
from taskmanager_scheduler.decisions.in_sentences import in_sentences
from taskmanager_scheduler.goobi.reporter import Reporter, names_of
from taskmanager_scheduler.inbox.inbox_gauges import InboxGauges
from taskmanager_scheduler.inbox.letter_keeper import LetterKeeper
from taskmanager_scheduler.inbox.senders import Senders, senders_for
from taskmanager_scheduler.metrics import begin
from taskmanager_scheduler.notifications.notifier import Notifier
from taskmanager_scheduler.notifications.sender import Sender
from taskmanager_scheduler.notifications.watcher import Watcher
from taskmanager_scheduler.partition import Common, PartitionWork
from taskmanager_scheduler.settings import SchedulerSettings

GROUPS_IN_HAND = 5
"""Groups the broker may have outstanding: one being stored, the others on their way."""


async def serve(settings: SchedulerSettings) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    topology = settings.topology
    name = f"scheduler-{socket.gethostname()}-{os.getpid()}"
    change = in_sentences if settings.reasons == "sentences" else unchanged
    database_url = settings.mongodb_url.get_secret_value()
    database, reader = MongoStore(database_url), MongoReader(database_url)
    amqp_url = settings.amqp_url.get_secret_value()
    publishing = Broker(amqp_url, f"{name} publish", purpose="publish")
    consuming = Broker(amqp_url, f"{name} consume", purpose="consume")
    # an inbox that was deleted, or lost by a new broker, must not need manual repair
    consuming.prepare(lambda channel: declare_topology(channel, topology))
    publisher = publishing.publisher()
    clock = DatabaseClock(database)
    queues = PluginQueues(consuming, topology)
    active_for = MISSED_TICKS * settings.sweep_interval

    goobi, outbox = load(settings.goobi), MongoNotifications(database.database)
    common = Common(
        name=name,
        settings=settings,
        publisher=publisher,
        routes=PrivateRoutes(publisher, consuming, topology),
        clock=clock,
        declare_queue=queues.declare,
        waiting_tickets=queues.waiting,
        reporter=Reporter(goobi, MongoReports(database.database), clock, active_for=active_for),
        notifier=Notifier(
            outbox,
            Watcher(outbox, reader, clock, {name: names_of(goobi, name) for name in goobi.installations}),
            Sender(channels.load(settings.notifications), outbox, clock),
            clock,
            active_for=active_for,
            look=settings.sweep_interval,
        ),
        reader=reader,
    )

    def senders_of(number: int) -> Senders:
        shared = settings.broker_users == "shared"
        return senders_for(topology, consuming.user, number, shared=shared)

    def work_on(partition: Partition) -> PartitionWork:
        store = MongoStore(database_url, last_change=change, beside=database)
        senders = senders_of(partition.number)
        made = PartitionWork(partition, store, senders, common, on_turn=store.look_anew)
        subscription = consuming.subscribe(
            topology.inbox_of(partition.number),
            made.inbox.deliver,
            prefetch=GROUPS_IN_HAND * settings.group_limit,
        )
        made.attach(subscription, subscription.stand_back)
        consuming.on_connected(made.reconnected)
        return made

    work = [work_on(Partition(number, settings.partitions)) for number in range(settings.partitions)]
    gauges = Gauges(reader, clock, settings.sweep_interval, lambda: work[0].active)
    inboxes = [
        one.watched(partial(depth, publishing, topology.inbox_of(number).name))
        for number, one in enumerate(work)
    ]
    counting = InboxGauges(inboxes, settings.sweep_interval)
    waiting = _Waiting()
    letters = DeadLetters(publishing, topology.dead_letters.name)
    watch = _queue_watch(settings, letters)
    keeper = LetterKeeper(
        letters,
        MongoDeadLetters(database.database),
        publisher,
        topology,
        {inbox.name: senders_of(number) for number, inbox in enumerate(topology.inboxes)},
        active=lambda: work[0].active,
        interval=settings.sweep_interval,
    )
    checks = {
        "broker": publishing.check,
        "inbox": consuming.check,
        "store": lambda: waiting.reason or next(filter(None, (one.inbox.stalled for one in work)), None),
        "queues": watch.check,
    }
    health = HttpServer(health_app(checks), settings.http_host, settings.http_port)

    async def consume(stop: asyncio.Event) -> None:
        """Consume messages only once the database clock has been read."""
        await _first_time(clock, reader, settings.partitions, waiting, stop)
        beside = [
            common.reporter.run,
            common.notifier.run,
            clock.run,
            watch.run,
            keeper.run,
            gauges.run,
            counting.run,
        ]
        parts = [*(one.run for one in work), consuming.run, *beside]
        await run_parts(parts, stop)

    keep_what_is_loaded()
    try:
        await run_parts([health.run, publishing.run, consume], stop)
    finally:
        await database.close()
        await reader.close()


def _queue_watch(settings: SchedulerSettings, letters: DeadLetters) -> QueueWatch:
    """Includes the management API if its address is set."""
    asking = None
    if url := settings.broker_management_url:
        from taskmanager_scheduler.broker.management import Management  # noqa: PLC0415 - brings httpx

        asking = Management(url.get_secret_value(), settings.amqp_url.get_secret_value()).queues
    interval = 3 * settings.sweep_interval
    return QueueWatch(settings.topology, asking, letters.waiting, letters.reasons, interval=interval)


@dataclass
class _Waiting:
    """Why nothing is consumed yet; None once it may be."""

    reason: str | None = None


async def _first_time(
    clock: DatabaseClock, reader: MongoReader, partitions: int, waiting: _Waiting, stop: asyncio.Event
) -> None:
    """Ask the database until it has told the time and that it is complete and has so many partitions.

    Raises PermanentError.
    """
    backoff = Backoff("store")
    while not stop.is_set():
        try:
            await reader.check_finished()
            await reader.check_partitions(partitions)
            await clock.refresh()
        except StoreUnavailableError as error:
            waiting.reason = str(error)
            await backoff.wait(str(error), stop)
        else:
            waiting.reason = None
            return


def main() -> None:
    """Exit with 0 after SIGTERM, or 1 with one line on stderr if the scheduler cannot continue."""
    settings = SchedulerSettings()
    logs.configure("scheduler", log_format=settings.log_format, level=settings.log_level)
    BUILD.labels("scheduler", __version__).set(1)
    begin()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except* TaskManagerError as group:
        sys.exit("\n".join(f"taskmanager-scheduler: {exit_text(error)}" for error in group.exceptions))


if __name__ == "__main__":
    main()

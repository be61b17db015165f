"""Wires the scheduler: `taskmanager-scheduler`."""

import asyncio
import os
import socket
import sys

import uvloop

from taskmanager import __version__
from taskmanager.errors import StoreUnavailableError, TaskManagerError
from taskmanager.goobi.settings import load
from taskmanager.mongo import MongoReader, MongoReports, MongoStore
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
from taskmanager.serving.http import HttpServer, health_app
from taskmanager_scheduler.background.database_clock import DatabaseClock
from taskmanager_scheduler.background.duty import MISSED_TICKS
from taskmanager_scheduler.background.stop_timer import StopTimer
from taskmanager_scheduler.background.sweeper import LeaseWatch, Sweeper, TicketSweep
from taskmanager_scheduler.broker.management import Management
from taskmanager_scheduler.broker.queue_watch import QueueWatch
from taskmanager_scheduler.decisions.decision_metrics import set_job_gauges
from taskmanager_scheduler.decisions.in_sentences import in_sentences
from taskmanager_scheduler.decisions.run_order import RunOrderedStore
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.goobi.reporter import Reporter
from taskmanager_scheduler.inbox.consumer import InboxConsumer
from taskmanager_scheduler.inbox.group_reader import GroupReader
from taskmanager_scheduler.inbox.senders import senders_for
from taskmanager_scheduler.operations.worker import OperationWorker
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
    database = MongoStore(settings.mongodb_url.get_secret_value(), last_change=change)
    store = RunOrderedStore(database)
    reader = MongoReader(settings.mongodb_url.get_secret_value())
    publishing = Broker(settings.amqp_url.get_secret_value(), f"{name} publish")
    consuming = Broker(settings.amqp_url.get_secret_value(), f"{name} consume")
    publisher = publishing.publisher()
    clock = DatabaseClock(store)
    queues = PluginQueues(consuming, topology)
    routes = PrivateRoutes(publisher, consuming, topology)
    dispatcher = Dispatcher(routes, topology, queues.declare, early_tickets=settings.group_limit)
    active_for = MISSED_TICKS * settings.sweep_interval
    leases = LeaseWatch(store, dispatcher, clock)
    operations = OperationWorker(
        store,
        dispatcher,
        clock,
        step_limit=settings.operation_page_limit,
        active_for=active_for,
        urgent=lambda: inbox.urgency.on,
    )

    reporter = Reporter(load(settings.goobi), MongoReports(database.database), clock, active_for=active_for)

    async def ticked() -> None:
        sweeper.ticked()
        await operations.ticked()
        await reporter.ticked()
        await leases.end_leases()

    senders = senders_for(topology, consuming.user, shared=settings.broker_users == "shared")
    inbox = InboxConsumer(
        store,
        dispatcher,
        clock,
        GroupReader(settings.group_limit, senders, dispatcher.early),
        on_tick=ticked,
        on_turn=database.look_anew,  # another scheduler may have been active until now
    )
    # an inbox that was deleted, or lost by a new broker, must not need manual repair
    consuming.prepare(lambda channel: declare_topology(channel, topology))
    inbox.attach(
        consuming.subscribe(topology.inbox, inbox.deliver, prefetch=GROUPS_IN_HAND * settings.group_limit)
    )
    consuming.on_connected(leases.reconnected)
    tickets = TicketSweep(
        store, dispatcher, clock, missing_after=settings.missing_after, waiting_messages=queues.waiting
    )

    async def report() -> None:
        set_job_gauges(await reader.statistics(), await store.plugins())

    sweeper = Sweeper(
        tickets, publisher, topology, scheduler=name, interval=settings.sweep_interval, report=report
    )
    timer = StopTimer(store, publisher, topology, clock)
    watch = _queue_watch(settings, publishing)
    checks = {
        "broker": publishing.check,
        "inbox": consuming.check,
        "store": lambda: inbox.stalled,
        "queues": watch.check,
    }
    health = HttpServer(health_app(checks), settings.http_host, settings.http_port)

    async def consume(stop: asyncio.Event) -> None:
        """Consume messages only once the database clock has been read."""
        await _first_time(clock, inbox, stop)
        parts = [
            inbox.run,
            consuming.run,
            sweeper.run,
            timer.run,
            operations.run,
            reporter.run,
            clock.run,
            watch.run,
        ]
        await run_parts(parts, stop)

    keep_what_is_loaded()
    try:
        await run_parts([health.run, publishing.run, consume], stop)
    finally:
        await database.close()
        await reader.close()


def _queue_watch(settings: SchedulerSettings, broker: Broker) -> QueueWatch:
    """Includes the management API if its address is set."""
    letters = DeadLetters(broker, settings.topology.dead_letters.name)
    url = settings.broker_management_url
    asking = Management(url.get_secret_value(), settings.amqp_url.get_secret_value()).queues if url else None
    interval = 3 * settings.sweep_interval
    return QueueWatch(settings.topology, asking, letters.waiting, letters.reasons, interval=interval)


async def _first_time(clock: DatabaseClock, inbox: InboxConsumer, stop: asyncio.Event) -> None:
    backoff = Backoff("store")
    while not stop.is_set():
        try:
            await clock.refresh()
        except StoreUnavailableError as error:
            inbox.stalled = str(error)
            await backoff.wait(str(error), stop)
        else:
            inbox.stalled = None
            return


def main() -> None:
    """Exit with 0 after SIGTERM, or 1 with one line on stderr if the scheduler cannot continue."""
    settings = SchedulerSettings()
    logs.configure("scheduler", log_format=settings.log_format, level=settings.log_level)
    BUILD.labels("scheduler", __version__).set(1)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except* TaskManagerError as group:
        sys.exit("\n".join(f"taskmanager-scheduler: {exit_text(error)}" for error in group.exceptions))


if __name__ == "__main__":
    main()

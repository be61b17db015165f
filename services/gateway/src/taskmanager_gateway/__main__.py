"""Starts a gateway: the only place that plugs RabbitMQ and MongoDB into it."""

from taskmanager.process import swift_start  # noqa: F401 - what it does is done by importing it

# isort: split

import asyncio
import secrets
import socket
import sys
from collections.abc import Iterator

import uvloop
from pydantic import ValidationError

from taskmanager import __version__
from taskmanager.errors import StoreUnavailableError, TaskManagerError
from taskmanager.messages.topology import Binding
from taskmanager.mongo import MongoReader
from taskmanager.process import lifecycle, logs, tracing
from taskmanager.process.clock import SystemClock
from taskmanager.process.config import exit_text
from taskmanager.process.garbage import keep_what_is_loaded
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import BUILD
from taskmanager.process.retry import Backoff
from taskmanager.rabbit import Broker
from taskmanager.serving.http import HttpServer
from taskmanager_gateway.app import make_app
from taskmanager_gateway.http.deadlines import PUBLISH_TIME
from taskmanager_gateway.known_labels import begin
from taskmanager_gateway.services import Services, make_services
from taskmanager_gateway.settings import GatewaySettings

SERVICE = "gateway"

log = get_logger(__name__)


def main() -> None:
    """Run until SIGTERM; exit code 1 for a wrong setting or a failure that only an operator can repair."""
    failures: list[Exception] = []
    try:
        settings = GatewaySettings()
        logs.configure(SERVICE, log_format=settings.log_format, level=settings.log_level)
        tracing.configure(SERVICE, __version__, settings.otlp_endpoint)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
        tracing.shut_down()
    except* (ValidationError, OSError, TaskManagerError) as group:
        failures += _flat(group)
    for failure in failures:
        sys.stderr.write(f"taskmanager-gateway: {exit_text(failure)}\n")
    sys.exit(1 if failures else 0)


def _flat(error: BaseException) -> Iterator[Exception]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _flat(part)
    elif isinstance(error, Exception):
        yield error


async def _serve(settings: GatewaySettings) -> None:
    """Wire everything and run it; connections are closed only after the last request has been answered."""
    BUILD.labels(SERVICE, __version__).set(1)
    begin()
    gateway_id = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    stop, drained = asyncio.Event(), asyncio.Event()
    lifecycle.stop_on_signals(stop)
    reader = MongoReader(settings.mongodb_url.get_secret_value())
    sending, hearing, services = _wire(settings, gateway_id, reader, stop)
    host, port = settings.http_host, settings.http_port
    server = HttpServer(make_app(services), host, port, settings.http_limits, tls=settings.tls)
    keep_what_is_loaded()
    log.info("gateway_starting", gateway=gateway_id, host=settings.http_host, port=settings.http_port)

    async def serve_http(stop: asyncio.Event) -> None:
        try:
            await server.run(stop)
        finally:
            drained.set()

    async def agree(stop: asyncio.Event) -> None:
        await _agreed(reader, settings.partitions, stop)
        await stop.wait()

    behind = [_until(drained, part) for part in (sending.run, hearing.run, services.run)]
    try:
        if settings.partitions > 1:  # a submission to an inbox that does not exist would be lost
            await _agreed(reader, settings.partitions, stop)
        await lifecycle.run_parts([serve_http, services.end_streams, agree, *behind], stop)
    finally:
        services.paths.close()
        services.folders.close()
        services.pictures.close()
        await reader.close()


def _wire(
    settings: GatewaySettings, gateway_id: str, reader: MongoReader, stop: asyncio.Event
) -> tuple[Broker, Broker, Services]:
    """Publishing and receiving use one connection each: an alarm of the broker blocks only the first."""
    amqp_url, topology = settings.amqp_url.get_secret_value(), settings.topology
    sending = Broker(amqp_url, f"{gateway_id} publish", purpose="publish")
    hearing = Broker(amqp_url, f"{gateway_id} changes", purpose="changes")
    checks = {"broker (publishing)": sending.check, "broker (changes)": hearing.check}
    publisher = sending.publisher(PUBLISH_TIME)
    services = make_services(
        settings,
        reader,
        reader,
        publisher,
        SystemClock(),
        gateway_id=gateway_id,
        stopping=stop,
        checks=checks,
    )
    queue = topology.gateway_changes(gateway_id)
    bindings = [
        Binding(topology.changes, queue.name, ""),
        Binding(topology.control, queue.name, topology.gateway_key(gateway_id)),
    ]
    hearing.subscribe(queue, services.feed.on_delivery, bindings=bindings)
    hearing.on_connected(services.feed.reconnected)
    return sending, hearing, services


async def _agreed(reader: MongoReader, partitions: int, stop: asyncio.Event) -> None:
    """Return once the database has confirmed this number of partitions; raises PermanentError if not."""
    backoff = Backoff("partitions")
    while not stop.is_set():
        try:
            await reader.check_partitions(partitions)
        except StoreUnavailableError as error:
            await backoff.wait(str(error), stop)
        else:
            return


def _until(event: asyncio.Event, part: lifecycle.Part) -> lifecycle.Part:
    """The part, stopped by another event than the one that stops the process."""

    async def run(_: asyncio.Event) -> None:
        await part(event)

    return run


if __name__ == "__main__":
    main()

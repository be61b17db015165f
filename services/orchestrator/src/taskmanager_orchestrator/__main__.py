"""Wires the orchestrator: `taskmanager-orchestrator`."""

import asyncio
import sys

import uvloop
from pydantic import ValidationError

from taskmanager import __version__
from taskmanager.errors import TaskManagerError
from taskmanager.messages.topology import Binding
from taskmanager.process import logs
from taskmanager.process.config import exit_text
from taskmanager.process.lifecycle import run_parts, stop_on_signals
from taskmanager.process.metrics import BUILD
from taskmanager.rabbit import Broker
from taskmanager.serving.http import HttpServer, health_app
from taskmanager_orchestrator.engine_choice import engine_of
from taskmanager_orchestrator.keeper import Keeper
from taskmanager_orchestrator.place import Place
from taskmanager_orchestrator.settings import OrchestratorFile, OrchestratorSettings, load

WRONG_USE = 2
"""Exit code for a wrong setting or file; 1 is a failure at run time."""


async def serve(settings: OrchestratorSettings, file: OrchestratorFile) -> None:
    """Run until SIGTERM; the runners go on."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    topology = settings.topology
    broker = Broker(settings.amqp_url.get_secret_value(), f"orchestrator {file.place}")
    engine = engine_of(file)
    keeper = Keeper(engine, file.place, file.most, patience=file.patience)
    place = Place(file.place, engine, keeper, broker.publisher(), topology, plugins=file.plugins)
    queue = topology.orchestrator_control(file.place)
    binding = Binding(topology.control, queue.name, topology.orchestrator_key(file.place))
    control = broker.subscribe(queue, place.on_control, bindings=[binding])
    broker.on_connected(place.connected)
    checks = {"broker": broker.check, "control": control.check, "engine": place.check}
    health = HttpServer(health_app(checks), settings.http_host, settings.http_port)
    await run_parts([health.run, broker.run, place.run], stop)


def main() -> None:
    """Exit with 0 after SIGTERM, 2 for a wrong file, or 1 with one line on stderr if it cannot continue."""
    try:
        settings = OrchestratorSettings()
        file = load(settings.orchestrator)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        _leave("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in faults), WRONG_USE)
    except TaskManagerError as error:
        _leave(str(error), WRONG_USE)
    logs.configure("orchestrator", log_format=settings.log_format, level=settings.log_level)
    BUILD.labels("orchestrator", __version__).set(1)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, file))
    except* TaskManagerError as group:
        _leave("; ".join(exit_text(error) for error in group.exceptions if isinstance(error, Exception)), 1)


def _leave(text: str, code: int) -> None:
    sys.stderr.write(f"taskmanager-orchestrator: {text}\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()

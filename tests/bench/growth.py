"""What more plugins and runners cost: an idle system with one and with nine, and jobs next to those."""

import time
from collections.abc import Iterator

from tests.bench.end_to_end import CONNECTIONS, PLUGIN, WARM, singles, wait_until_done
from tests.bench.figures import Figure, figure
from tests.bench.load import send_all
from tests.bench.parts import Bench
from tests.bench.peers import server_pids
from tests.bench.processes import ProcessorMeter
from tests.bench.system import System, running_system

SLOTS = 8
OTHERS = ("crash", "diary", "fail", "paced", "sleep", "stubborn", "tally", "tick")
IDLE_SECONDS = 10


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure both on the same system; each other plugin has a runner with one slot."""
    with running_system(bench.servers, bench.folder, slots={PLUGIN: SLOTS}) as system:
        send_all(system.port, singles(WARM), CONNECTIONS)
        wait_until_done(system, WARM)
        yield from _grown(bench, system, 1)
        for plugin in OTHERS:
            system.start_runner(plugin, 1)
        system.wait_until_ready()
        yield from _grown(bench, system, 1 + len(OTHERS))


def _grown(bench: Bench, system: System, plugins: int) -> Iterator[Figure]:
    for name, percent in _idle(bench, system).items():
        yield figure(f"idle_plugins_{plugins}_{name}", percent, "% of one processor")
    rates = [_rate(bench, system) for _ in range(bench.rounds)]
    yield figure(f"end_to_end_plugins_{plugins}", rates, "jobs/s", note=f"{SLOTS} slots")


def _idle(bench: Bench, system: System) -> dict[str, float]:
    """Processor use by service, with all runners combined, while there are no requests."""
    pids = {name: service.pid for name, service in system.services.items()}
    meter = ProcessorMeter({**pids, **server_pids(bench.servers)})
    meter.start()
    time.sleep(IDLE_SECONDS)
    used: dict[str, float] = {}
    for name, seconds in meter.stop().items():
        kind = name.split("-", maxsplit=1)[0]
        used[kind] = used.get(kind, 0.0) + 100 * seconds / IDLE_SECONDS
    del used["client"]
    return used


def _rate(bench: Bench, system: System) -> float:
    wanted, began = system.done(PLUGIN) + bench.jobs, time.perf_counter()
    send_all(system.port, singles(bench.jobs), CONNECTIONS)
    wait_until_done(system, wanted)
    return bench.jobs / (time.perf_counter() - began)

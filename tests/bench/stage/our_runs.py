"""Runs of jobs that do nothing through our own system."""

import time
from functools import partial

from tests.bench.stage.load import send_all
from tests.bench.stage.processes import ProcessorMeter
from tests.bench.stage.run import Run, run_over_http, wait_until_done
from tests.bench.stage.servers import Servers, server_pids
from tests.bench.stage.submissions import CONNECTIONS, PLUGIN, WARM, batches, singles
from tests.bench.stage.system import System

ACQUAINTED_SECONDS = 18
"""By then a scheduler has heard from all runners, and sends tickets in blocks (decision 29)."""


def warm_up(system: System) -> None:
    """Run some jobs, so that everything is loaded and connected; the scheduler knows the runners then."""
    wanted = system.done(PLUGIN) + WARM
    send_all(system.port, singles(WARM), CONNECTIONS)
    wait_until_done(partial(system.done, PLUGIN), wanted)
    time.sleep(max(0.0, system.started_at + ACQUAINTED_SECONDS - time.monotonic()))


def meter_of(system: System, servers: Servers) -> ProcessorMeter:
    """A meter of the services that run now, a runner's slots counted with it, and of the servers."""
    pids = {name: service.pid for name, service in system.services.items()}
    return ProcessorMeter({**pids, **server_pids(servers)})


def run_singles(system: System, servers: Servers, jobs: int, connections: int = CONNECTIONS) -> Run:
    """One POST per job, over that many connections."""
    return _run(system, servers, jobs, singles(jobs), connections)


def run_batches(system: System, servers: Servers, jobs: int, priority: int = 0) -> Run:
    """One POST for many jobs, over one connection."""
    return _run(system, servers, jobs, batches(jobs, priority=priority), 1)


def _run(system: System, servers: Servers, jobs: int, requests: list[bytes], connections: int) -> Run:
    done, meter = partial(system.done, PLUGIN), meter_of(system, servers)
    return run_over_http(system.port, requests, connections, jobs=jobs, done=done, meter=meter)

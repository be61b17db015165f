"""Dramatiq and Celery by themselves: a driver submits tasks through their own interface, from one thread."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.peers.environment import log_end, running, settings
from tests.bench.stage.processes import ProcessorMeter
from tests.bench.stage.run import Orders, Run
from tests.bench.stage.servers import Servers, fresh_name, server_pids
from tests.bench.stage.submissions import SINGLES, WARM

PROCESSES = 2
"""Of the workers. Celery's are set in its application; Dramatiq has its default of eight threads in each."""
WORKERS: Mapping[str, Sequence[str]] = {
    "celery": ("celery", "-A", "celery_app", "worker", "--loglevel", "WARNING"),
    "dramatiq": ("dramatiq", "dramatiq_app", "--processes", str(PROCESSES)),
}


def run_tasks(
    queue: str, servers: Servers, folder: Path, orders: Orders, *, confirms: bool = True
) -> Iterator[Run]:
    """Start the workers, warm them up, then run each order.

    `confirms`: Celery waits for the broker's confirm of each task, as it does not by default; Dramatiq always
    does here.
    """
    name, log = fresh_name(), folder / f"{queue}.log"
    environment = {**settings(servers, name), "PEER_CONFIRMS": "yes" if confirms else "no"}
    try:
        with (
            running(WORKERS[queue], environment, log) as workers,
            running(("python", "drive.py", queue), environment, log, piped=True) as driver,
        ):
            meter = ProcessorMeter({"workers": workers.pid, **server_pids(servers)})
            _ordered(driver, SINGLES, WARM, log)
            for way, tasks in orders:
                meter.start()
                took = _ordered(driver, way, tasks, log)
                processor = {**meter.stop(), "client": took["processor_seconds"]}
                yield Run(tasks, took["submit_seconds"], took["seconds"], processor)
    finally:
        servers.drop(name)


def _ordered(driver: subprocess.Popen[bytes], way: str, tasks: int, log: Path) -> dict[str, Any]:
    """What the driver took for an order; raises RuntimeError if it ended instead."""
    if driver.stdin is None or driver.stdout is None:
        raise RuntimeError("the driver has no input or output")
    driver.stdin.write(f"{way} {tasks}\n".encode())
    driver.stdin.flush()
    line = driver.stdout.readline()
    if not line:
        raise RuntimeError(f"the driver of a peer ended with {driver.wait()}:\n{log_end(log)}")
    took: dict[str, Any] = json.loads(line)
    return took

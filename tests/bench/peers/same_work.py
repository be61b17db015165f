"""The same work built from Dramatiq: FastAPI in front, each job stored with its states, history and counter.

Submitted over HTTP by the same client as ours, with as many connections and jobs to a request, and done once
its counter says so; then the stored jobs are compared with it.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
from tests.bench.peers.environment import running, settings
from tests.bench.peers.task_queues import PROCESSES
from tests.bench.stage.processes import ProcessorMeter
from tests.bench.stage.run import Orders, Run, run_over_http
from tests.bench.stage.servers import Documents, Servers, fresh_name, server_pids
from tests.bench.stage.submissions import BATCHES, CONNECTIONS, PLUGIN, SINGLES, WARM, batches, singles

from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_testing.waiting import eventually

WORKERS = ("dramatiq", "same_work_actor", "--processes", str(PROCESSES))
FRONT = ("uvicorn", "same_work_front:app", "--host", LOOPBACK, "--log-level", "warning", "--no-access-log")
PATHS = {SINGLES: "/jobs", BATCHES: "/jobs/batch"}


def run_same_work(servers: Servers, folder: Path, orders: Orders) -> Iterator[Run]:
    """Start front and workers, warm them up, then run each order."""
    name, log, port = fresh_name(), folder / "same_work.log", free_port()
    environment = settings(servers, name)
    try:
        with (
            servers.database(name) as database,
            running(WORKERS, environment, log) as workers,
            running((*FRONT, "--port", str(port)), environment, log) as front,
        ):
            eventually(partial(_answers, port), within_seconds=30, what="the front answers")
            pids = {"front": front.pid, "workers": workers.pid, **server_pids(servers)}
            meter, sent = ProcessorMeter(pids), 0
            for number, (way, jobs) in enumerate([(SINGLES, WARM), *orders]):
                run = _run(database, port, way, jobs, meter)
                sent += jobs
                _check(database, sent)
                if number:
                    yield run
    finally:
        servers.drop(name)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/docs", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _run(database: Documents, port: int, way: str, jobs: int, meter: ProcessorMeter) -> Run:
    requests, connections = (
        (batches(jobs, PATHS[way]), 1) if way == BATCHES else (singles(jobs, PATHS[way]), CONNECTIONS)
    )
    done = partial(_done, database)
    return run_over_http(port, requests, connections, jobs=jobs, done=done, meter=meter)


def _done(database: Documents) -> int:
    """The counter of the plugin."""
    found = database.statistics.find_one({"_id": PLUGIN})
    return int(found["done"]) if found else 0


def _check(database: Documents, wanted: int) -> None:
    """Raises RuntimeError unless the stored jobs match the counter and have their histories."""
    stored = database.jobs.count_documents(
        {"plugin": PLUGIN, "status": "DONE", "history.2": {"$exists": True}}
    )
    if not stored == _done(database) == wanted:
        raise RuntimeError(f"{wanted} jobs were sent, {stored} are DONE with a history")

"""Celery and Dramatiq: their own environment, their workers as real processes, one run of tasks."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.bench.processes import ProcessorMeter
from tests.bench.servers import Servers, fresh_name

APPS = Path(__file__).parent / "peer_apps"
ENVIRONMENT = Path(os.environ.get("BENCH_PEERS", APPS.parents[2] / ".bench" / "peers"))
PROCESSES = 2
STOP_SECONDS = 20

WORKERS: Mapping[str, Sequence[str]] = {
    "celery": ("celery", "-A", "celery_app", "worker", "--loglevel", "WARNING"),
    "dramatiq": ("dramatiq", "dramatiq_app", "--processes", str(PROCESSES)),
}
"""Celery's number of processes is set in its application; Dramatiq has its default of eight threads each."""


@dataclass(frozen=True)
class PeerRun:
    """One run: tasks per second from the first submission to the last result, and its cost."""

    rate: float
    submit_rate: float
    processor: Mapping[str, float]


def ensure_environment() -> None:
    """Make the peers' virtual environment if it is missing, from names and versions alone."""
    stamp = ENVIRONMENT / "complete"
    wanted = "".join((APPS / name).read_text() for name in ("requirements.txt", "constraints.txt"))
    if stamp.exists() and stamp.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    install = [_bin("python"), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    sources = ["--requirement", str(APPS / "requirements.txt"), "--constraint", str(APPS / "constraints.txt")]
    subprocess.run([*install, *sources], check=True)
    stamp.write_text(wanted)


def versions() -> dict[str, str]:
    """The versions of the peers."""
    listing = subprocess.run(
        [_bin("python"), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True,
        check=True,
    )
    found = {entry["name"]: entry["version"] for entry in json.loads(listing.stdout)}
    return {name: found[name] for name in WORKERS}


def run_peer(
    peer: str, servers: Servers, folder: Path, *, warm: int, jobs: int, confirms: bool = False
) -> PeerRun:
    """Start the workers, let them run `warm` and then `jobs` tasks, stop them; only the latter count.

    `confirms`: Celery waits for the broker's confirm of each task, as it does not by default; Dramatiq always
    does here.
    """
    name = fresh_name()
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "PEER_AMQP_URL": servers.rabbitmq.url,
        "PEER_MONGODB_URL": servers.database_url(name, "w=majority&journal=true"),
        "PEER_QUEUE": name,
        "PEER_CONFIRMS": "yes" if confirms else "no",
    }
    with (folder / f"{peer}.log").open("ab") as log:
        workers = _start(WORKERS[peer], environment, log)
        driver = _start(("python", "drive.py", peer, str(warm), str(jobs)), environment, log, piped=True)
        try:
            return _measured(driver, jobs, {"workers": workers.pid, **server_pids(servers)})
        finally:
            _end(driver)
            _end(workers)
            servers.drop(name)


def server_pids(servers: Servers) -> dict[str, int]:
    """The servers' processes, for a meter."""
    return {"mongod": servers.mongod.pid, "rabbitmq": servers.rabbitmq.pid}


def _measured(driver: subprocess.Popen[bytes], jobs: int, pids: Mapping[str, int]) -> PeerRun:
    meter = ProcessorMeter(pids)
    _line(driver)
    meter.start()
    if driver.stdin is None:
        raise RuntimeError("the driver has no input")
    driver.stdin.write(b"go\n")
    driver.stdin.flush()
    took: dict[str, Any] = json.loads(_line(driver))
    processor = {**meter.stop(), "client": took["processor_seconds"]}
    return PeerRun(jobs / took["seconds"], jobs / took["submit_seconds"], processor)


def _line(driver: subprocess.Popen[bytes]) -> bytes:
    line = driver.stdout.readline() if driver.stdout else b""
    if not line:
        raise RuntimeError(f"the driver of a peer ended with {driver.wait()}; its log says why")
    return line


def _start(
    arguments: Sequence[str], environment: Mapping[str, str], log: IO[bytes], *, piped: bool = False
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [_bin(arguments[0]), *arguments[1:]],
        cwd=APPS,
        env=environment,
        stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
        stdout=subprocess.PIPE if piped else log,
        stderr=log,
        start_new_session=True,
    )


def _bin(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

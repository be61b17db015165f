"""The peers' own virtual environment, and their programs as processes in it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.stage.servers import Servers

APPS = Path(__file__).parent / "apps"
ENVIRONMENT = Path(os.environ.get("BENCH_PEERS", Path(__file__).parents[3] / ".bench" / "peers"))
STOP_SECONDS = 20
LOG_END = 4_000
"""Characters."""


def ensure_environment() -> None:
    """Make the virtual environment if it is missing, from names and versions alone."""
    stamp = ENVIRONMENT / "complete"
    wanted = "".join((APPS / name).read_text() for name in ("requirements.txt", "constraints.txt"))
    if stamp.exists() and stamp.read_text() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    install = [_program("python"), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    sources = ["--requirement", str(APPS / "requirements.txt"), "--constraint", str(APPS / "constraints.txt")]
    subprocess.run([*install, *sources], check=True)
    stamp.write_text(wanted)


def versions() -> Mapping[str, str]:
    """The version of each package in it."""
    listing = subprocess.run(
        [_program("python"), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True,
        check=True,
    )
    return {entry["name"]: entry["version"] for entry in json.loads(listing.stdout)}


def settings(servers: Servers, name: str) -> dict[str, str]:
    """What tells the programs the servers, with a queue and a database of that name."""
    return {
        "PEER_AMQP_URL": servers.rabbitmq.url,
        "PEER_MONGODB_URL": servers.database_url(name, "w=majority", "journal=true"),
        "PEER_QUEUE": name,
    }


@contextmanager
def running(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, piped: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of the environment for the duration of a `with` block; `piped`: with pipes to it."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [_program(arguments[0]), *arguments[1:]],
            cwd=APPS,
            env={**inherited, **environment},
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def log_end(log: Path) -> str:
    """The end of a log, for an error."""
    return log.read_text(encoding="utf-8", errors="replace")[-LOG_END:]


def _program(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

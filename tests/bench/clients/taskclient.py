"""How long a step of Goobi waits for `taskclient`: from its start to its request, and to its end.

Compared with the bare interpreter, and one that has imported the HTTP library, which are lower bounds.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, Target, at_most, figure, percentile
from tests.taskclient import PROGRAM

CALLS = 20
"""Runs in each round."""
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"STATUS":"OK","JOBID":"1"}'
TARGETS = {"request": at_most(100)}


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure milliseconds of wall-clock time; a new process each time."""
    runs: dict[str, list[float]] = {"request": [], "end": [], "help": [], "bare": [], "http": []}
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(bench.rounds * CALLS):
            request, end = one_call(server)
            runs["request"].append(request)
            runs["end"].append(end)
            runs["help"].append(elapsed(lambda: started(str(PROGRAM), "--help")))
            runs["bare"].append(elapsed(lambda: started("-c", "pass")))
            runs["http"].append(elapsed(lambda: started("-c", "import http.client")))
    for name, values in runs.items():
        yield from figures(name, values, TARGETS.get(name))


def figures(name: str, values: list[float], target: Target | None) -> Iterator[Figure]:
    """Median and tail."""
    yield figure(f"taskclient_{name}_p50", percentile(values, 50), "ms", target)
    yield figure(f"taskclient_{name}_p95", percentile(values, 95), "ms")


def elapsed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def started(*arguments: str) -> None:
    """Run the current interpreter once."""
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def one_call(server: socket.socket) -> tuple[float, float]:
    """Milliseconds until its request has arrived, and until the program has ended."""
    port = server.getsockname()[1]
    address = f"http://127.0.0.1:{port}/itm/service"
    words = [
        sys.executable,
        str(PROGRAM),
        "-itm",
        address,
        "-t",
        "JP2",
        "-s",
        "/data",
        "-gid",
        "1",
        "-i",
        "2",
    ]
    begun = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            request = time.perf_counter() - begun
            connection.sendall(ANSWER)
            process.wait()
    return request * 1000, (time.perf_counter() - begun) * 1000

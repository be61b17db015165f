"""Submitting alone: with one connection and with sixteen, and with paths that the gateway must check.

First while the scheduler stores what arrives, then with scheduler and runner down, when only gateway and
broker are working.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, Target, at_least, at_most, figure, percentile
from tests.bench.stage.load import Burst, post, send_all
from tests.bench.stage.system import System, running_system

from taskmanager.model.states import Tab
from taskmanager.mongo.counters import statistics_id
from taskmanager_testing.waiting import eventually

PLUGIN = "noop"
REQUESTS = 2_000
WARM = 200
STORED_SECONDS = 60
TARGETS: Mapping[str, tuple[Target | None, Target | None]] = {"submit_16": (at_least(1500), at_most(50))}
"""Targets for the rate and for the 99th percentile in milliseconds."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure rates per second, and how long one submission takes."""
    bursts: dict[str, list[Burst]] = {}
    with running_system(bench.servers, bench.folder, slots={PLUGIN: 1}) as system:
        system.services[f"runner-{PLUGIN}"].stop()
        plain, checked = requests(), requests(pathed(system.roots))
        send_all(system.port, plain[:WARM], 16)
        for number in range(1, bench.rounds + 1):
            bursts.setdefault("submit_16_while_storing", []).append(send_all(system.port, plain, 16))
            wait_until_queued(system, WARM + number * REQUESTS)
        system.services["scheduler"].stop()
        for _ in range(bench.rounds):
            bursts.setdefault("submit_1", []).append(send_all(system.port, plain[: REQUESTS // 2], 1))
            bursts.setdefault("submit_16", []).append(send_all(system.port, plain, 16))
            bursts.setdefault("submit_16_two_paths", []).append(send_all(system.port, checked, 16))
    for name, each in bursts.items():
        yield from _figures(name, each)


def requests(fields: Mapping[str, str] | None = None) -> list[bytes]:
    """The requests of one burst."""
    return [
        post("/api/v1/jobs", {"plugin": PLUGIN, "title": f"job {number}", **(fields or {})})
        for number in range(REQUESTS)
    ]


def pathed(roots: Path) -> dict[str, str]:
    """A source and a destination like those of a Goobi process."""
    images = roots / "metadata" / "4711" / "images"
    (images / "book_master").mkdir(parents=True, exist_ok=True)
    return {"source": str(images / "book_master"), "destination": str(images / "book_media")}


def wait_until_queued(system: System, wanted: int) -> None:
    """Poll the stored statistics until all jobs are stored."""
    key = {"_id": statistics_id(PLUGIN, Tab.QUEUE)}
    eventually(
        lambda: (system.database.statistics.find_one(key) or {}).get("jobs", 0) >= wanted,
        within_seconds=STORED_SECONDS,
        what=f"{wanted} jobs are stored",
    )


def _figures(name: str, bursts: list[Burst]) -> Iterator[Figure]:
    rate, slowest = TARGETS.get(name, (None, None))
    yield figure(name, [burst.rate for burst in bursts], "jobs/s", rate)
    yield figure(f"{name}_p50", _milliseconds(bursts, 50), "ms")
    yield figure(f"{name}_p99", _milliseconds(bursts, 99), "ms", slowest)


def _milliseconds(bursts: list[Burst], percent: float) -> list[float]:
    return [1000 * percentile(burst.latencies, percent) for burst in bursts]

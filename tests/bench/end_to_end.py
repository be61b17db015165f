"""Jobs that do nothing, from the first POST until all are DONE and stored with history and statistics.

Our system, Dramatiq and Celery take turns on the same servers. Ours is one gateway, scheduler and runner.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from tests.bench.figures import Figure, at_least, figure
from tests.bench.load import post, send_all
from tests.bench.parts import Bench
from tests.bench.peers import PeerRun, ensure_environment, run_peer, server_pids, versions
from tests.bench.processes import ProcessorMeter
from tests.bench.system import System, running_system

from taskmanager.model.states import Status
from taskmanager_testing.waiting import eventually

SLOTS = (2, 8, 16)
MANY = 8
"""With fewer slots these are the limit, so a quarter of the jobs is enough."""
CONNECTIONS = 16
BATCH = 500
WARM = 300
PLUGIN = "noop"
LIMIT_SECONDS = 120
PEERS = {"dramatiq": ("dramatiq", True), "celery": ("celery", False), "celery_confirmed": ("celery", True)}
"""By the name of their figures: the peer, and whether a submission waits for the confirm, as ours does."""
TARGETS = {"dramatiq": at_least(2), "celery": at_least(4)}


@dataclass(frozen=True)
class OurRun:
    """One run: jobs per second, submissions per second, processor seconds by process."""

    rate: float
    submit_rate: float
    processor: Mapping[str, float]


class Way(NamedTuple):
    """How jobs are submitted, with how many slots to run them."""

    slots: int
    batch: bool = False

    @property
    def name(self) -> str:
        """Part of a figure's name."""
        return f"{self.slots}_slots{'_batch' if self.batch else ''}"


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure rates, ratios and where the processor time goes."""
    ensure_environment()
    peers: dict[str, list[PeerRun]] = {name: [] for name in PEERS}
    ours: dict[Way, list[OurRun]] = {}
    for _ in range(bench.rounds):
        for slots in SLOTS:
            for way, run in _ours(bench, slots):
                ours.setdefault(way, []).append(run)
        for name, (peer, confirms) in PEERS.items():
            sizes = {"warm": WARM, "jobs": bench.jobs}
            peers[name].append(run_peer(peer, bench.servers, bench.folder, **sizes, confirms=confirms))
    yield from _figures(bench, ours, peers)


def _ours(bench: Bench, slots: int) -> Iterator[tuple[Way, OurRun]]:
    jobs = bench.jobs if slots >= MANY else bench.jobs // 4
    with running_system(bench.servers, bench.folder, slots={PLUGIN: slots}) as system:
        pids = {name: service.pid for name, service in system.services.items()}
        meter = ProcessorMeter({**pids, **server_pids(bench.servers)})
        send_all(system.port, singles(WARM), CONNECTIONS)
        wait_until_done(system, WARM)
        yield Way(slots), _run(system, singles(jobs), CONNECTIONS, jobs, meter)
        yield Way(slots, batch=True), _run(system, batches(jobs), 1, jobs, meter)
        _check(system, WARM + 2 * jobs)


def singles(number: int) -> list[bytes]:
    """One POST per job."""
    return [post("/api/v1/jobs", {"plugin": PLUGIN, "title": f"job {each}"}) for each in range(number)]


def batches(number: int) -> list[bytes]:
    """One POST for many jobs."""
    jobs = [{"plugin": PLUGIN, "title": f"job {each}"} for each in range(number)]
    return [
        post("/api/v1/jobs/batch", {"jobs": jobs[first : first + BATCH]}) for first in range(0, number, BATCH)
    ]


def _run(system: System, requests: list[bytes], connections: int, jobs: int, meter: ProcessorMeter) -> OurRun:
    wanted = system.done(PLUGIN) + jobs
    meter.start()
    began = time.perf_counter()
    burst = send_all(system.port, requests, connections)
    wait_until_done(system, wanted)
    seconds = time.perf_counter() - began
    return OurRun(jobs / seconds, jobs / burst.seconds, meter.stop())


def wait_until_done(system: System, wanted: int) -> None:
    """Poll the stored statistics until that many jobs are DONE."""
    eventually(
        lambda: system.done(PLUGIN) >= wanted, within_seconds=LIMIT_SECONDS, what=f"{wanted} jobs are DONE"
    )


def _check(system: System, wanted: int) -> None:
    """Raises RuntimeError unless the stored jobs match the statistics and have their histories."""
    condition = {"plugin": PLUGIN, "status": Status.DONE.value, "history.2": {"$exists": True}}
    stored = system.database.jobs.count_documents(condition)
    if not stored == system.done(PLUGIN) == wanted:
        raise RuntimeError(f"{wanted} jobs were sent, {stored} are DONE with a history")


def _figures(
    bench: Bench, ours: Mapping[Way, list[OurRun]], peers: Mapping[str, list[PeerRun]]
) -> Iterator[Figure]:
    known = versions()
    for way, runs in ours.items():
        yield figure(f"end_to_end_{way.name}", [run.rate for run in runs], "jobs/s")
    best = max((way for way in ours if not way.batch), key=lambda way: median(run.rate for run in ours[way]))
    rate = median(run.rate for run in ours[best])
    yield figure("end_to_end", [run.rate for run in ours[best]], "jobs/s", note=f"{best.slots} slots")
    for peer, each in peers.items():
        yield figure(f"end_to_end_{peer}", [run.rate for run in each], "jobs/s", note=known[PEERS[peer][0]])
        yield figure(f"submit_{peer}", [run.submit_rate for run in each], "jobs/s")
    for peer, each in peers.items():
        ratio = rate / median(run.rate for run in each)
        yield figure(f"end_to_end_vs_{peer}", ratio, "x", TARGETS.get(peer), f"{best.slots} slots")
    yield from _costs("", [run.processor for run in ours[best]], bench.jobs)
    for peer, each in peers.items():
        yield from _costs(f"_{peer}", [run.processor for run in each], bench.jobs)


def _costs(suffix: str, runs: Sequence[Mapping[str, float]], jobs: int) -> Iterator[Figure]:
    for name in runs[0]:
        values = [1000 * run[name] / jobs for run in runs]
        yield figure(f"processor{suffix}_{name.replace('-', '_')}", values, "s/1000 jobs")
    yield figure(f"processor{suffix}_all", [1000 * sum(run.values()) / jobs for run in runs], "s/1000 jobs")

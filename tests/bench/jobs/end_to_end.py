"""Jobs that do nothing, from the first POST until all are DONE and stored with history and statistics.

Our system and its peers take turns on the same servers. Ours is one gateway, scheduler and runner.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from tests.bench.parts import Bench
from tests.bench.peers.catalogue import PEERS
from tests.bench.peers.environment import ensure_environment, versions
from tests.bench.report.figures import Figure, Target, at_least, at_most, figure
from tests.bench.stage.our_runs import run_batches, run_singles, warm_up
from tests.bench.stage.run import Run
from tests.bench.stage.submissions import BATCHES, PLUGIN, SINGLES, WARM
from tests.bench.stage.system import System, running_system

from taskmanager.model.states import Status

SLOTS = (2, 8, 16)
MANY = 8
"""With fewer slots these are the limit, so a quarter of the jobs is enough."""
SUFFIXES = {SINGLES: "", BATCHES: "_batch"}
RATIOS: Mapping[tuple[str, str], Target] = {
    (SINGLES, "dramatiq"): at_least(1.5),
    (SINGLES, "same_work"): at_least(4),
    (SINGLES, "celery"): at_least(4),
    (BATCHES, "dramatiq"): at_least(2),
    (BATCHES, "same_work"): at_least(5),
}
COSTS: Mapping[str, Target] = {SINGLES: at_most(1.1), BATCHES: at_most(0.7)}
"""Processor milliseconds of a job over all processes."""
RATES: Mapping[str, Target] = {"2_slots": at_least(800)}


class Way(NamedTuple):
    """How jobs are submitted, and how many slots run them."""

    submitted: str
    slots: int

    @property
    def name(self) -> str:
        """Part of a figure's name."""
        return f"{self.slots}_slots{SUFFIXES[self.submitted]}"


Ours = Mapping[Way, Sequence[Run]]
Peers = Mapping[tuple[str, str], Sequence[Run]]
"""By the way jobs are submitted, and the peer's name."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure rates, ratios and where the processor time goes."""
    ensure_environment()
    ours: defaultdict[Way, list[Run]] = defaultdict(list)
    peers: defaultdict[tuple[str, str], list[Run]] = defaultdict(list)
    for _ in range(bench.rounds):
        for slots in SLOTS:
            for way, run in _ours(bench, slots):
                ours[way].append(run)
        for name, peer in PEERS.items():
            turn = peer.run(bench.servers, bench.folder, [(way, bench.jobs) for way in peer.ways])
            for submitted, run in zip(peer.ways, turn, strict=True):
                peers[submitted, name].append(run)
    for way, runs in ours.items():
        yield figure(f"end_to_end_{way.name}", [run.rate for run in runs], "jobs/s", RATES.get(way.name))
    for submitted in SUFFIXES:
        yield from _compared(submitted, ours, peers)


def _ours(bench: Bench, slots: int) -> Iterator[tuple[Way, Run]]:
    jobs = bench.jobs if slots >= MANY else bench.jobs // 4
    with running_system(bench.servers, bench.folder, slots={PLUGIN: slots}) as system:
        warm_up(system)
        yield Way(SINGLES, slots), run_singles(system, bench.servers, jobs)
        yield Way(BATCHES, slots), run_batches(system, bench.servers, jobs)
        _check(system, WARM + 2 * jobs)


def _check(system: System, wanted: int) -> None:
    """Raises RuntimeError unless the stored jobs match the statistics and have their histories."""
    condition = {"plugin": PLUGIN, "status": Status.DONE.value, "history.2": {"$exists": True}}
    stored = system.database.jobs.count_documents(condition)
    if not stored == system.done(PLUGIN) == wanted:
        raise RuntimeError(f"{wanted} jobs were sent, {stored} are DONE with a history")


def _compared(submitted: str, ours: Ours, peers: Peers) -> Iterator[Figure]:
    """Ours with the best number of slots beside each peer; a ratio is the median of those of each turn."""
    suffix, known = SUFFIXES[submitted], versions()
    best = max((way for way in ours if way.submitted == submitted), key=lambda way: _median(ours[way]))
    here = {name: runs for (way, name), runs in peers.items() if way == submitted}
    yield figure(f"end_to_end{suffix}", _rates(ours[best]), "jobs/s", note=f"{best.slots} slots")
    for name, runs in here.items():
        package = PEERS[name].package
        yield figure(f"end_to_end_{name}{suffix}", _rates(runs), "jobs/s", note=f"{package} {known[package]}")
        yield figure(f"submit_{name}{suffix}", [run.submit_rate for run in runs], "jobs/s")
    for name, runs in here.items():
        turns = [one.rate / other.rate for one, other in zip(ours[best], runs, strict=True)]
        note = f"{best.slots} slots; it leaves out: {PEERS[name].leaves_out}"
        yield figure(f"end_to_end{suffix}_vs_{name}", turns, "x", RATIOS.get((submitted, name)), note)
    yield from _costs(suffix, ours[best], COSTS[submitted])
    for name, runs in here.items():
        yield from _costs(f"_{name}{suffix}", runs)


def _median(runs: Sequence[Run]) -> float:
    return median(_rates(runs))


def _rates(runs: Sequence[Run]) -> list[float]:
    return [run.rate for run in runs]


def _costs(infix: str, runs: Sequence[Run], target: Target | None = None) -> Iterator[Figure]:
    """Processor milliseconds of a job by process."""
    for name in runs[0].cost:
        values = [run.cost[name] for run in runs]
        wanted = target if name == "all" else None
        yield figure(f"processor{infix}_{name.replace('-', '_')}", values, "ms/job", wanted)

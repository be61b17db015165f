"""What several schedulers bring that share the partitions of the inbox, and how soon one replaces another.

Four plugins that do nothing, one in each of four partitions; by the side of that, everything in one inbox. On
two processors these limit the rate, so what counts is the processor time: of a job in all, and of the busiest
scheduler, which is what limits a machine with enough processors.
"""

import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median

import httpx
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, figure, rounded
from tests.bench.stage.load import post, send_all
from tests.bench.stage.our_runs import meter_of
from tests.bench.stage.run import Run, run_over_http, wait_until_done
from tests.bench.stage.submissions import BATCH, CONNECTIONS, WARM
from tests.bench.stage.system import Service, System, running_system

from taskmanager_local.commands import LOOPBACK
from taskmanager_testing.waiting import eventually

PARTITIONS = 4
PLUGINS = ("south", "gamma", "north", "beta")
"""Of partition 0, 1, 2 and 3."""
SLOTS = 4
"""Of each plugin: sixteen in all, as in the other measurements."""
POINTS = ((1, 1), (PARTITIONS, 1), (PARTITIONS, 2), (PARTITIONS, 4))
"""Partitions and schedulers."""
ACTIVE = re.compile(r'^taskmanager_inbox_active\{partition="(\d+)"\} 1.0$', re.MULTILINE)


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure one number of schedulers after another, and the loss of one of two."""
    rates = dict[tuple[int, int], float]()
    for partitions, schedulers in POINTS:
        settings = {"TASKMANAGER_PARTITIONS": str(partitions)}
        slots = dict.fromkeys(PLUGINS, SLOTS)
        with running_system(bench.servers, bench.folder, slots=slots, settings=settings) as system:
            for number in range(2, schedulers + 1):
                system.start(f"scheduler-{number}", "taskmanager-scheduler")
            system.wait_until_ready()
            eventually(partial(_shared, system, partitions), within_seconds=120, what="shares")
            _run(bench, system, WARM)
            name = f"partitions_{partitions}_schedulers_{schedulers}"
            runs = [_run(bench, system, bench.jobs) for _ in range(bench.rounds)]
            yield from _figures(name, runs)
            batches = [_run(bench, system, bench.jobs, batches=True) for _ in range(bench.rounds)]
            yield from _figures(f"{name}_batch", batches)
            rates[partitions, schedulers] = median(run.rate for run in runs)
            if schedulers == 2:
                yield figure("partitions_until_replaced", _until_replaced(system), "s")
    for point in POINTS[1:]:
        name = f"partitions_{point[0]}_schedulers_{point[1]}_vs_one_inbox"
        yield figure(name, rates[point] / rates[POINTS[0]], "x")


def _schedulers(system: System) -> dict[str, Service]:
    return {name: one for name, one in system.services.items() if name.startswith("scheduler")}


def _active_for(service: Service) -> set[int]:
    """The partitions whose inboxes a scheduler reads."""
    text = httpx.get(f"http://{LOOPBACK}:{service.port}/metrics", trust_env=False).text
    return {int(number) for number in ACTIVE.findall(text)}


def _shared(system: System, partitions: int) -> bool:
    """Whether each scheduler has its share and nothing more."""
    held = [_active_for(service) for service in _schedulers(system).values()]
    wanted = partitions // len(held)
    return all(len(one) == wanted for one in held) and set[int]().union(*held) == set(range(partitions))


def _requests(number: int, *, batches: bool) -> list[bytes]:
    """The plugins take turns."""
    jobs = [{"plugin": PLUGINS[each % len(PLUGINS)], "title": f"job {each}"} for each in range(number)]
    if not batches:
        return [post("/api/v1/jobs", job) for job in jobs]
    groups = (jobs[first : first + BATCH] for first in range(0, number, BATCH))
    return [post("/api/v1/jobs/batch", {"jobs": group}) for group in groups]


def _done(system: System) -> int:
    return sum(map(system.done, PLUGINS))


def _run(bench: Bench, system: System, jobs: int, *, batches: bool = False) -> Run:
    meter, done = meter_of(system, bench.servers), partial(_done, system)
    connections = 1 if batches else CONNECTIONS
    requests = _requests(jobs, batches=batches)
    return run_over_http(system.port, requests, connections, jobs=jobs, done=done, meter=meter)


def _figures(name: str, runs: Sequence[Run]) -> Iterator[Figure]:
    yield figure(name, [run.rate for run in runs], "jobs/s")
    costs = {one: median(run.cost[one] for run in runs) for one in runs[0].cost if one != "all"}
    schedulers = [cost for one, cost in costs.items() if one.startswith("scheduler")]
    kinds = {"schedulers": sum(schedulers), "runners": 0.0}
    for one, cost in costs.items():
        if one.startswith("runner"):
            kinds["runners"] += cost
        elif not one.startswith("scheduler"):
            kinds[one] = cost
    note = ", ".join(f"{kind} {rounded(cost)}" for kind, cost in kinds.items())
    yield figure(f"{name}_cost", [run.cost["all"] for run in runs], "ms/job", note=note)
    busiest = [max(cost for one, cost in run.cost.items() if one.startswith("scheduler")) for run in runs]
    limit = f"one processor for it allows {1000 / median(busiest):.0f} jobs/s"
    yield figure(f"{name}_busiest", busiest, "ms/job", note=limit)


def _until_replaced(system: System) -> float:
    """Seconds from SIGKILL of a scheduler until a job of each of its plugins, submitted after it, is DONE."""
    victim = _schedulers(system)["scheduler-2"]
    plugins = [PLUGINS[number] for number in sorted(_active_for(victim))]
    wanted = {plugin: system.done(plugin) + 1 for plugin in plugins}
    victim.kill()
    began = time.perf_counter()
    del system.services["scheduler-2"]
    send_all(system.port, [post("/api/v1/jobs", {"plugin": plugin}) for plugin in plugins], 1)
    for plugin, number in wanted.items():
        wait_until_done(partial(system.done, plugin), number)
    return time.perf_counter() - began

"""How the cost of a job grows: with connections, plugins, runners, slots, and jobs stored or waiting.

One thing grows at a time; all else is as in `end_to_end`, with 16 slots. Also: what an idle system with more
plugins uses.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from tests.bench.jobs.bulk import wait_for_tickets
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, Target, at_least, figure, rounded
from tests.bench.stage.our_runs import meter_of, run_batches, run_singles, warm_up
from tests.bench.stage.run import Run
from tests.bench.stage.seeding import gateway_alone, seed
from tests.bench.stage.submissions import PLUGIN
from tests.bench.stage.system import System, running_system

from taskmanager.model.jobs import PRIORITY_HIGHEST

SLOTS = 16
OTHERS = ("crash", "diary", "fail", "paced", "sleep", "stubborn", "tally", "tick")
IDLE_SECONDS = 10
KEPT: Mapping[str, Target] = {"stored": at_least(0.9), "queued": at_least(0.9)}
"""The rate at the largest size by that at the smallest."""

Points = Mapping[int, Sequence[Run]]
"""The runs by size."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure one curve after another."""
    with running_system(bench.servers, bench.folder, slots={PLUGIN: SLOTS}) as system:
        warm_up(system)
        yield from _curve("connections", _connections(bench, system))
        yield from _plugins(bench, system)
    for name, point in {"slots": _slots, "runners": _runners, "stored": _stored, "queued": _queued}.items():
        yield from _curve(name, {size: point(bench, size) for size in getattr(bench.curve, name)})


def _rounds(bench: Bench, run: Callable[[], Run]) -> Sequence[Run]:
    return [run() for _ in range(bench.rounds)]


def _singles(bench: Bench, system: System, connections: int = SLOTS) -> Sequence[Run]:
    return _rounds(bench, lambda: run_singles(system, bench.servers, bench.jobs, connections))


def _connections(bench: Bench, system: System) -> Points:
    return {size: _singles(bench, system, size) for size in bench.curve.connections}


def _plugins(bench: Bench, system: System) -> Iterator[Figure]:
    """Each other plugin has a runner with one slot, which has nothing to do."""
    points, others = dict[int, Sequence[Run]](), iter(OTHERS)
    for plugins in bench.curve.plugins:
        while len(system.services) < 2 + plugins:  # gateway and scheduler, and a runner for each
            system.start_runner(next(others), 1)
        system.wait_until_ready()
        points[plugins] = _singles(bench, system)
        for name, percent in _idle(bench, system).items():  # after the jobs: nothing is still starting
            yield figure(f"idle_plugins_{plugins}_{name}", percent, "% of one processor")
    yield from _curve("plugins", points)


def _idle(bench: Bench, system: System) -> Mapping[str, float]:
    """Processor use by service, with all runners combined, while there are no requests."""
    meter = meter_of(system, bench.servers)
    meter.start()
    time.sleep(IDLE_SECONDS)
    percents = {name: 100 * seconds / IDLE_SECONDS for name, seconds in meter.stop().items()}
    return _by_kind({name: percent for name, percent in percents.items() if name != "client"})


def _slots(bench: Bench, slots: int) -> Sequence[Run]:
    with running_system(bench.servers, bench.folder, slots={PLUGIN: slots}) as system:
        warm_up(system)
        return _singles(bench, system)


def _runners(bench: Bench, runners: int) -> Sequence[Run]:
    """The slots are shared out, so that there are as many whatever the number of runners."""
    with running_system(bench.servers, bench.folder) as system:
        for number in range(1, runners + 1):
            system.start_runner(PLUGIN, SLOTS // runners, number)
        system.wait_until_ready()
        warm_up(system)
        return _singles(bench, system)


def _stored(bench: Bench, stored: int) -> Sequence[Run]:
    with gateway_alone(bench.servers, bench.folder, PLUGIN) as system:
        seed(system, PLUGIN, stored=stored, queued=0)
        _start_the_rest(bench, system, 0)
        return _singles(bench, system)


def _queued(bench: Bench, queued: int) -> Sequence[Run]:
    """In batches of the highest priority, which start before all that wait; any job that ends is counted.

    Those that wait do nothing either: some of them start while the measured ones are still being submitted.
    """
    with gateway_alone(bench.servers, bench.folder, PLUGIN) as system:
        seed(system, PLUGIN, stored=queued, queued=queued, folders=False)
        _start_the_rest(bench, system, queued)
        return _rounds(bench, lambda: run_batches(system, bench.servers, bench.jobs, PRIORITY_HIGHEST))


def _start_the_rest(bench: Bench, system: System, queued: int) -> None:
    wait_for_tickets(bench.servers, system, PLUGIN, queued)
    system.start_runner(PLUGIN, SLOTS)
    system.wait_until_ready()
    warm_up(system)


def _curve(axis: str, points: Points) -> Iterator[Figure]:
    """The rate and the processor milliseconds of a job at each size, and how much of the rate is left."""
    for size, runs in points.items():
        yield figure(f"curve_{axis}_{size}", [run.rate for run in runs], "jobs/s")
        note = ", ".join(f"{name} {rounded(cost)}" for name, cost in _costs(runs).items())
        yield figure(f"curve_{axis}_{size}_cost", [run.cost["all"] for run in runs], "ms/job", note=note)
    rates = {size: median(run.rate for run in runs) for size, runs in points.items()}
    if len(rates) > 1:
        kept = rates[max(rates)] / rates[min(rates)]
        yield figure(f"curve_{axis}_kept", kept, "x", KEPT.get(axis), f"{max(rates)} by {min(rates)}")


def _costs(runs: Sequence[Run]) -> Mapping[str, float]:
    costs = {name: median(run.cost[name] for run in runs) for name in runs[0].cost if name != "all"}
    return _by_kind(costs)


def _by_kind(values: Mapping[str, float]) -> Mapping[str, float]:
    """The values of all runners combined."""
    combined: dict[str, float] = {}
    for name, value in values.items():
        kind = name.split("-", maxsplit=1)[0]
        combined[kind] = combined.get(kind, 0.0) + value
    return combined

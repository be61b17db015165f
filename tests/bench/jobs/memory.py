"""The memory of idle services: resident, and proportional to what processes share."""

from collections.abc import Iterator

from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, Target, at_most, figure
from tests.bench.stage.load import post, send_all
from tests.bench.stage.processes import MEGABYTE, children_of, memory_of
from tests.bench.stage.system import System, running_system

from taskmanager_testing.waiting import eventually

PLUGIN = "noop"
SLOTS = 2
USED = 500
TARGETS = {"gateway": at_most(80), "scheduler": at_most(65), "runner": at_most(55)}


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure when fresh and after some jobs; `slots`: all child processes of a runner with two slots."""
    with running_system(bench.servers, bench.folder, slots={PLUGIN: SLOTS}) as system:
        yield from held(system, "idle", TARGETS)
        jobs = [{"plugin": PLUGIN}] * USED
        send_all(system.port, [post("/api/v1/jobs/batch", {"jobs": jobs})], 1)
        eventually(lambda: system.done(PLUGIN) == USED, within_seconds=60, what="all jobs are done")
        yield from held(system, "used", {})


def held(system: System, when: str, targets: dict[str, Target]) -> Iterator[Figure]:
    """Two figures for each process."""
    found = {
        name.split("-", maxsplit=1)[0]: memory_of([service.pid]) for name, service in system.services.items()
    }
    if runners := [service for name, service in system.services.items() if name.startswith("runner-")]:
        found["slots"] = memory_of(children_of(runners[0].pid))
    for name, memory in found.items():
        yield figure(f"memory_{when}_{name}", memory.resident_bytes / MEGABYTE, "MB", targets.get(name))
        yield figure(f"memory_{when}_{name}_share", memory.proportional_bytes / MEGABYTE, "MB")

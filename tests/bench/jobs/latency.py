"""How long a job waits on an idle system: from the response to its POST until the plugin's code runs."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, at_most, figure, percentile
from tests.bench.stage.load import Connection, post
from tests.bench.stage.notes import first_note, notes_folder
from tests.bench.stage.system import System, running_system

from taskmanager_testing.waiting import eventually_async

SAMPLES = 100
PLUGIN = "stamp"
MILLISECONDS = 1e-6
"""Milliseconds per nanosecond."""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure each round on its own system; a figure is the median of the rounds' percentiles."""
    waits, posts = list[list[float]](), list[list[float]]()
    for _ in range(bench.rounds):
        with running_system(bench.servers, bench.folder, slots={PLUGIN: 2}) as system:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                pairs = runner.run(_samples(system))
            waits.append([wait for wait, _ in pairs])
            posts.append([answered for _, answered in pairs])
    for percent, target in ((50, at_most(10)), (99, at_most(20))):
        yield figure(f"start_p{percent}", [percentile(run, percent) for run in waits], "ms", target)
    for percent in (50, 99):
        yield figure(f"idle_post_p{percent}", [percentile(run, percent) for run in posts], "ms")


async def _samples(system: System) -> list[tuple[float, float]]:
    folder = notes_folder(system)
    connection = await Connection.connect(system.port)
    await _sample(system, connection, folder)
    found = [await _sample(system, connection, folder) for _ in range(SAMPLES)]
    connection.close()
    return found


async def _sample(system: System, connection: Connection, folder: Path) -> tuple[float, float]:
    """Milliseconds from the answer to the start, and those of the POST; the job has ended when it returns."""
    request = post("/api/v1/jobs", {"plugin": PLUGIN, "parameters": {"notes": str(folder)}})
    before = system.done(PLUGIN)
    asked = time.time_ns()
    job = json.loads(await connection.ask(request))["id"]
    answered = time.time_ns()

    async def ended() -> bool:
        return system.done(PLUGIN) > before

    await eventually_async(ended, what=f"the end of {job}")
    started = first_note(folder, job)
    return MILLISECONDS * (started - answered), MILLISECONDS * (answered - asked)

"""A database that holds a million jobs: lists, statistics, jobs run beside them, and memory.

Lists are requested one after another over one connection, as by an operator's browser.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import uvloop
from tests.bench.jobs.bulk import change_all, wait_for_tickets
from tests.bench.jobs.memory import held
from tests.bench.parts import Bench
from tests.bench.report.figures import Figure, at_most, figure, percentile
from tests.bench.stage.load import Connection, get
from tests.bench.stage.our_runs import run_batches
from tests.bench.stage.seeding import WORKS, gateway_alone, job_id, seed
from tests.bench.stage.submissions import PLUGIN
from tests.bench.stage.system import System

from taskmanager.model.jobs import PRIORITY_HIGHEST

SLOTS = 8
SAMPLES = 40
PAGE = 50
DEEP_PAGES = 100
DEEP_LIMIT = 200
TARGET = at_most(50)
JOBS = f"/api/v1/jobs?limit={PAGE}&"
QUESTIONS = {
    "one_job": f"/api/v1/jobs/{job_id(777)}",
    "statistics": f"/api/v1/plugins/{PLUGIN}",
    "list_all": JOBS,
    "list_queue": f"{JOBS}plugin={PLUGIN}&tab=queue",
    "list_done": f"{JOBS}plugin={PLUGIN}&tab=done",
    "list_error": f"{JOBS}plugin={PLUGIN}&tab=error",
    "list_status": f"{JOBS}plugin={PLUGIN}&status=STARTED",
    "list_project": f"{JOBS}plugin={PLUGIN}&tab=done&project=project+7",
    "list_process": f"{JOBS}process=4711",
    "list_text_rare": f"{JOBS}text=4711",
    "list_text_frequent": f"{JOBS}plugin={PLUGIN}&tab=done&text={WORKS[0][:5]}",
    "list_text_two_words": f"{JOBS}plugin={PLUGIN}&text={WORKS[1]}+77",
    "list_text_nothing": f"{JOBS}plugin={PLUGIN}&tab=error&text={WORKS[1]}+qqq",
}
SEARCHES = {
    "search_rare": "4711",
    "search_frequent": WORKS[1],
    "search_beginning": WORKS[1][:2].lower(),
    "search_two_words": f"{WORKS[1]} {WORKS[0]}",
    "search_nothing": f"{WORKS[1]} qqq",
    "search_id": job_id(777),
}
SEARCH_TARGET = at_most(300)
DEEP = {f"list_{tab}_deep": {"plugin": PLUGIN, "tab": tab, "limit": DEEP_LIMIT} for tab in ("queue", "done")}


def measure(bench: Bench) -> Iterator[Figure]:
    """Seed, measure lists with scheduler and runner down, then start them."""
    with gateway_alone(bench.servers, bench.folder, PLUGIN) as system:
        began = time.perf_counter()
        seed(system, PLUGIN, stored=bench.stored, queued=bench.queued)
        yield figure("seeding", time.perf_counter() - began, "s", note=f"{bench.stored} jobs")
        yield from _sizes(system)
        yield from _lists(system, bench.rounds)
        yield figure("tickets_made_again", wait_for_tickets(bench.servers, system, PLUGIN, bench.queued), "s")
        yield from change_all(bench, system, PLUGIN, job_id(bench.stored - 1))
        yield from _work(bench, system)
        yield from held(system, "stored", {})


def _sizes(system: System) -> Iterator[Figure]:
    """What a job takes in the database: its document, that compressed on disk, its entries in all indexes."""
    system.database.client.admin.command("fsync")  # sizes on disk are those of the last checkpoint
    found = system.database.command("collStats", "jobs")
    for name, key in (("document", "size"), ("disk", "storageSize"), ("indexes", "totalIndexSize")):
        yield figure(f"stored_job_{name}", found[key] / found["count"], "bytes")


def _lists(system: System, rounds: int) -> Iterator[Figure]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        deep = {name: runner.run(_deep(system.port, query)) for name, query in DEEP.items()}
        for name, address in {**QUESTIONS, **deep}.items():
            runs = [runner.run(_asked(system.port, address)) for _ in range(rounds)]
            yield figure(f"{name}_p50", [percentile(run, 50) for run in runs], "ms")
            yield figure(f"{name}_p95", [percentile(run, 95) for run in runs], "ms", TARGET)
        for name, text in SEARCHES.items():
            found = [
                runner.run(_asked(system.port, f"/ui/search?{urlencode({'q': text})}")) for _ in range(rounds)
            ]
            yield figure(f"{name}_p95", [percentile(run, 95) for run in found], "ms", SEARCH_TARGET)


async def _asked(port: int, address: str) -> list[float]:
    """Milliseconds of each response."""
    connection, took = await Connection.connect(port), list[float]()
    for _ in range(SAMPLES):
        began = time.perf_counter()
        await connection.ask(get(address))
        took.append(1000 * (time.perf_counter() - began))
    connection.close()
    return took


async def _deep(port: int, query: dict[str, str | int]) -> str:
    """The address of the page after a hundred full ones, or of the last one."""
    connection, cursor = await Connection.connect(port), ""
    for _ in range(DEEP_PAGES):
        page = json.loads(await connection.ask(get(_address(query, cursor))))
        cursor = page["next_cursor"] or cursor
    connection.close()
    return _address({**query, "limit": PAGE}, cursor)


def _address(query: dict[str, str | int], cursor: str) -> str:
    return f"/api/v1/jobs?{urlencode({**query, **({'cursor': cursor} if cursor else {})})}"


def _work(bench: Bench, system: System) -> Iterator[Figure]:
    """Run jobs of the highest priority, so that they start before all waiting ones."""
    system.start_runner(PLUGIN, SLOTS)
    system.wait_until_ready()
    run = run_batches(system, bench.servers, bench.jobs, PRIORITY_HIGHEST)
    note = f"batches, {SLOTS} slots, {bench.queued} waiting"
    yield figure("end_to_end_stored", run.rate, "jobs/s", note=note)

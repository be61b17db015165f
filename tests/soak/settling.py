"""After the faults: everything is released and comes to rest in bounded time; then the quiet phase.

The quiet phase shows the order of jobs, which only has a meaning without faults and with one free slot.
"""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pika
from pymongo.errors import PyMongoError
from tests.soak.book import Book
from tests.soak.collect import Store
from tests.soak.driver import Operator
from tests.soak.evidence import Started
from tests.soak.machines import PLUGINS, Machines
from tests.soak.scenes import Stage

from taskmanager.messages.topology import Topology
from taskmanager.model.reports import ReportState
from taskmanager_testing.waiting import eventually

STEP_SECONDS = 1.0
CALM_LOOKS = 3
ORDERED = 40
TOPOLOGY = Topology()


class NotAtRestError(Exception):
    """The time was over; the message says what still moves."""


def settle(
    machines: Machines,
    store: Store,
    operator: Operator,
    *,
    within_seconds: float,
    say: Callable[[str], None],
) -> float:
    """Release everything until nothing waits any more; the seconds it took."""
    began = time.monotonic()
    calm, last = 0, 0.0
    while calm < CALM_LOOKS:
        if time.monotonic() - began > within_seconds:
            raise NotAtRestError(f"not at rest within {within_seconds:g} s: {_what_moves(store)}")
        if time.monotonic() - last > 5:
            last = time.monotonic()
            _release(store, operator)
            say(f"coming to rest: {_what_moves(store)}")
        calm = calm + 1 if _resting(machines, store) else 0
        time.sleep(STEP_SECONDS)
    return time.monotonic() - began


def _release(store: Store, operator: Operator) -> None:
    for plugin in PLUGINS:
        for action in ("restart", "accept"):
            operator.tell("POST", f"/plugins/{plugin}/{action}", action, plugin, {})
        operator.tell("PUT", f"/plugins/{plugin}/limit", "limit", plugin, {"max_running": None})
    for runner in store["runners"].find({}, {"_id": 1}):
        operator.tell("POST", f"/runners/{runner['_id']}/resume", "resume", runner["_id"], {})
    for job in store["jobs"].find({"tab": "queue", "held": {"$ne": None}}, {"_id": 1}):
        operator.tell("POST", f"/jobs/{job['_id']}/release", "release", job["_id"], {})


def _resting(machines: Machines, store: Store) -> bool:
    try:
        moving = store["jobs"].count_documents({"tab": "queue"}, limit=1)
        moving += store["reports"].count_documents({"state": ReportState.PENDING.value}, limit=1)
        moving += store["operations"].count_documents({"state": {"$in": ["waiting", "running"]}}, limit=1)
    except PyMongoError:
        return False
    return not moving and inbox_is_empty(machines)


def inbox_is_empty(machines: Machines) -> bool:
    """No message waits for the scheduler; those in its hands are few and seen by looking again."""
    connection = pika.BlockingConnection(pika.URLParameters(machines.urls.broker))
    try:
        declared = connection.channel().queue_declare(TOPOLOGY.inbox.name, passive=True)
        return bool(declared.method.message_count == 0)
    finally:
        connection.close()


def _what_moves(store: Store) -> dict[str, int]:
    try:
        groups = store["jobs"].aggregate(
            [
                {"$match": {"tab": "queue"}},
                {"$group": {"_id": {"plugin": "$plugin", "status": "$status"}, "n": {"$sum": 1}}},
            ]
        )
        moving = {f"{one['_id']['plugin']} {one['_id']['status']}": one["n"] for one in groups}
        moving["reports for Goobi"] = store["reports"].count_documents({"state": ReportState.PENDING.value})
    except PyMongoError as error:
        return {f"the database is away: {error}"[:100]: 1}
    return {name: number for name, number in moving.items() if number}


def ordered_starts(
    machines: Machines, store: Store, operator: Operator, book: Book, system: Stage, random: Random
) -> list[Started]:
    """One slot, kept busy while jobs of all priorities gather; some are changed while they wait."""
    plugin = PLUGINS[0]
    one_runner_with_one_slot(machines, plugin)
    blocker = _submit(operator, system, plugin, seconds=8, priority=10)
    eventually(
        lambda: _job(store, blocker)["status"] == "PROCESSING", within_seconds=60, what="the blocker at work"
    )
    jobs = [
        _submit(operator, system, plugin, seconds=0, priority=random.randint(0, 10)) for _ in range(ORDERED)
    ]
    for job in random.sample(jobs, ORDERED // 4):
        body = {"priority": random.randint(0, 10)}
        operator.tell("PUT", f"/jobs/{job}/priority", "priority", job, body)
    eventually(
        lambda: all(_job(store, job).get("finished") for job in jobs), within_seconds=120, what="all in turn"
    )
    book.count("jobs of the quiet phase", len(jobs) + 1)
    return [_started(_job(store, job)) for job in jobs]


def one_runner_with_one_slot(machines: Machines, plugin: str) -> None:
    """Every runner of the plugin is stopped in order; one comes back with a single slot."""
    names = sorted(name for name in machines.services if name.startswith(f"runner-{plugin}-"))
    for name in names:
        machines.services[name].stop()
    machines.start_with_one_slot(names[0])
    eventually(machines.services[names[0]].ready, within_seconds=60, what="one runner with one slot")


def _submit(operator: Operator, system: Stage, plugin: str, *, seconds: float, priority: int) -> str:
    parameters = {"run_log": str(system.run_log), "seconds": seconds}
    spec: dict[str, Any] = {"plugin": plugin, "priority": priority, "parameters": parameters}
    answer = operator.client.ask("POST", "/jobs", json=spec)
    assert answer is not None, "no gateway answers although the faults are over"
    return str(answer.raise_for_status().json()["id"])


def _job(store: Store, job: str) -> dict[str, Any]:
    return store["jobs"].find_one({"_id": job}) or {"status": None}


def _started(job: dict[str, Any]) -> Started:
    return Started(job["_id"], job["priority"], job["queued_at"], job["started_at"])

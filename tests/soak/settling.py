"""After the faults: everything is released and comes to rest in bounded time; then the quiet phase.

The quiet phase shows the order of jobs, which only has a meaning without faults and with one free slot.
"""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker
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
RELEASE_SECONDS = 5.0
ORDERED = 40
TOPOLOGY = Topology()


class NotAtRestError(Exception):
    """The time was up; the message says what is still moving."""


class Progress:
    """For how long the amount of remaining work has not fallen to a new minimum."""

    def __init__(self, now: float) -> None:
        """Times are seconds on a monotonic clock."""
        self._least: int | None = None
        self._since = now

    def stands_for(self, left: int | None, now: float) -> float:
        """Seconds since less was left than ever before; None if unknown."""
        if left is not None and (self._least is None or left < self._least):
            self._least, self._since = left, now
        return now - self._since


def settle(
    machines: Machines,
    store: Store,
    operator: Operator,
    *,
    within_seconds: float,
    say: Callable[[str], None],
) -> float:
    """Release everything until nothing is waiting; returns the seconds it took.

    A slow machine may take long: it fails only when nothing decreases within `within_seconds`.
    """
    began = time.monotonic()
    last, progress = began - RELEASE_SECONDS, Progress(began)
    calm, moving = 0, _what_moves(store)
    while calm < CALM_LOOKS:
        left = None if moving is None else sum(moving.values())
        if progress.stands_for(left, time.monotonic()) > within_seconds:
            waiting = {**(moving or {}), **waiting_messages(machines)}
            raise NotAtRestError(f"nothing got less within {within_seconds:g} s: {waiting}")
        if time.monotonic() - last >= RELEASE_SECONDS:
            last = time.monotonic()
            _release(store, operator)
            moving = _what_moves(store)
            say(f"coming to rest: {'the database is away' if moving is None else moving}")
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
    return not moving and queues_are_empty(machines)


def queues_are_empty(machines: Machines) -> bool:
    """No message waits for the scheduler and no ticket for a runner.

    What they are still processing is little and shows at the next check.
    """
    return not waiting_messages(machines)


def waiting_messages(machines: Machines) -> dict[str, int | None]:
    """The queues of the scheduler and the plugins that are not empty; None: not declared again yet."""
    names = [TOPOLOGY.inbox.name, *(TOPOLOGY.jobs(plugin).name for plugin in PLUGINS)]
    connection = pika.BlockingConnection(pika.URLParameters(machines.urls.broker))
    try:
        counts = {name: _messages(connection, name) for name in names}
    finally:
        connection.close()
    return {name: count for name, count in counts.items() if count != 0}


def _messages(connection: pika.BlockingConnection, queue: str) -> int | None:
    try:
        declared = connection.channel().queue_declare(queue, passive=True)
    except ChannelClosedByBroker:
        return None
    return int(declared.method.message_count)


def _what_moves(store: Store) -> dict[str, int] | None:
    """The numbers of what is still moving; None while the database is unavailable."""
    try:
        groups = store["jobs"].aggregate(
            [
                {"$match": {"tab": "queue"}},
                {"$group": {"_id": {"plugin": "$plugin", "status": "$status"}, "n": {"$sum": 1}}},
            ]
        )
        moving = {f"{one['_id']['plugin']} {one['_id']['status']}": one["n"] for one in groups}
        moving["reports for Goobi"] = store["reports"].count_documents({"state": ReportState.PENDING.value})
    except PyMongoError:
        return None
    return {name: number for name, number in moving.items() if number}


def ordered_starts(
    machines: Machines, store: Store, operator: Operator, book: Book, system: Stage, random: Random
) -> list[Started]:
    """Use one slot, stop the plugin while jobs of all priorities gather, and change some of them."""
    plugin = PLUGINS[0]
    one_runner_with_one_slot(machines, plugin)
    operator.tell("POST", f"/plugins/{plugin}/stop", "stop", plugin, {"mode": "finish"})
    eventually(lambda: _stopped(store, plugin), within_seconds=60, what=f"{plugin} stopped")
    jobs = [_submit(operator, system, plugin, priority=random.randint(0, 10)) for _ in range(ORDERED)]
    for job in random.sample(jobs, ORDERED // 4):
        body = {"priority": random.randint(0, 10)}
        operator.tell("PUT", f"/jobs/{job}/priority", "priority", job, body)
    eventually(
        lambda: all(_waits(_job(store, job)) for job in jobs), within_seconds=60, what="a ticket of each job"
    )
    operator.tell("POST", f"/plugins/{plugin}/restart", "restart", plugin, {})
    eventually(
        lambda: all(_job(store, job).get("finished") for job in jobs), within_seconds=120, what="all in turn"
    )
    book.count("jobs of the quiet phase", len(jobs))
    return [_started(_job(store, job)) for job in jobs]


def one_runner_with_one_slot(machines: Machines, plugin: str) -> None:
    """Stop every runner of the plugin cleanly, and restart one with a single slot."""
    names = sorted(name for name in machines.services if name.startswith(f"runner-{plugin}-"))
    for name in names:
        machines.services[name].stop()
    machines.start_with_one_slot(names[0])
    eventually(machines.services[names[0]].ready, within_seconds=60, what="one runner with one slot")


def _stopped(store: Store, plugin: str) -> bool:
    stored = store["plugins"].find_one({"_id": plugin}) or {}
    return stored.get("stop") is not None


def _waits(job: dict[str, Any]) -> bool:
    """Whether it is queued and its last ticket is in the queue."""
    return job["status"] == "STARTED" and job.get("ticket_due") is None


def _submit(operator: Operator, system: Stage, plugin: str, *, priority: int) -> str:
    parameters = {"run_log": str(system.run_log)}
    spec: dict[str, Any] = {"plugin": plugin, "priority": priority, "parameters": parameters}
    answer = operator.client.ask("POST", "/jobs", json=spec)
    assert answer is not None, "no gateway answers although the faults are over"
    return str(answer.raise_for_status().json()["id"])


def _job(store: Store, job: str) -> dict[str, Any]:
    return store["jobs"].find_one({"_id": job}) or {"status": None}


def _started(job: dict[str, Any]) -> Started:
    return Started(job["_id"], job["priority"], job["queued_at"], job["started_at"])

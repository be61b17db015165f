"""Two schedulers share four partitions; either does the other's work when that dies, and control comes true.

The tests of control are those of one inbox; here what they do crosses partitions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from tests.e2e.conftest import System
from tests.e2e.test_control import (
    over_all,
    plugin_is,
    replace_scheduler,
    shows,
    sleeper,
    tell,
    test_a_cancelled_job_shows_how_it_ended_and_can_be_tried_again,
    test_a_held_job_pauses_where_it_is_and_goes_on_there,
    test_a_job_that_is_put_next_starts_before_higher_priorities,
    test_a_stop_suspends_running_jobs_and_outlives_the_scheduler,
    test_jobs_that_are_retried_together_start_in_the_order_shown,
    test_one_slot_takes_jobs_by_priority_as_it_is_now,
)

from taskmanager.model.partitions import partition_of
from taskmanager_local.commands import LOOPBACK
from taskmanager_testing.waiting import eventually

__all__ = [
    "test_a_cancelled_job_shows_how_it_ended_and_can_be_tried_again",
    "test_a_held_job_pauses_where_it_is_and_goes_on_there",
    "test_a_job_that_is_put_next_starts_before_higher_priorities",
    "test_a_stop_suspends_running_jobs_and_outlives_the_scheduler",
    "test_jobs_that_are_retried_together_start_in_the_order_shown",
    "test_one_slot_takes_jobs_by_priority_as_it_is_now",
]
PARTITIONS = 4
PLUGINS = ("sleep", "noop", "paced", "tally")
SCHEDULERS = ("scheduler-1", "scheduler-2")
ACTIVE = re.compile(r'^taskmanager_inbox_active\{partition="(\d+)"\} 1.0$', re.MULTILINE)
MANY = 200


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", *PLUGINS, "--slots", "1", "--schedulers", "2")


@pytest.fixture(scope="module")
def system_settings() -> Mapping[str, str]:
    return {
        "TASKMANAGER_PARTITIONS": str(PARTITIONS),
        "TASKMANAGER_SWEEP_SECONDS": "0.5",
        "TASKMANAGER_OPERATION_PAGE_LIMIT": "40",
    }


def active_for(system: System, scheduler: str) -> set[int]:
    """The partitions whose inboxes this scheduler reads; none while it is being restarted."""
    [port] = [one.port for one in system.plan.services if one.name == scheduler]
    try:
        text = httpx.get(f"http://{LOOPBACK}:{port}/metrics").text
    except httpx.TransportError:
        return set()
    return {int(number) for number in ACTIVE.findall(text)}


def shared(system: System) -> bool:
    """Whether each has two partitions and every partition belongs to one."""
    first, second = (active_for(system, name) for name in SCHEDULERS)
    return len(first) == len(second) == 2 and first | second == set(range(PARTITIONS))


@pytest.fixture(autouse=True)
def _shared(system: System) -> Iterator[None]:
    """Every test begins with shares, whatever the one before did."""
    eventually(lambda: shared(system), within_seconds=60, what="two partitions for each scheduler")
    yield
    tell(system, "/plugins/paced/restart")


def ended(system: System, plugin: str) -> int:
    return int(system.tabs(plugin).get("done", {}).get("jobs", 0))


def is_ended(system: System, plugin: str, jobs: int) -> bool:
    return ended(system, plugin) >= jobs


def test_every_partition_has_a_plugin_here() -> None:
    assert sorted(partition_of(plugin, PARTITIONS) for plugin in PLUGINS) == list(range(PARTITIONS))


@pytest.mark.parametrize("victim", SCHEDULERS)
def test_a_killed_scheduler_is_replaced_by_the_other_at_once_and_nothing_is_lost_or_doubled(
    system: System, victim: str
) -> None:
    quick = {"noop": {}, "sleep": {"seconds": 0}}
    before, ids = {plugin: ended(system, plugin) for plugin in quick}, dict[str, list[str]]()
    for plugin, parameters in quick.items():
        ids[plugin] = system.submit_many(MANY, plugin=plugin, parameters=parameters)
    system.kill(victim)
    for plugin in quick:
        eventually(
            partial(is_ended, system, plugin, before[plugin] + MANY),
            within_seconds=60,
            what=f"{MANY} jobs of {plugin} done",
        )
        jobs = {job["id"]: job for job in system.all_jobs(plugin)}
        assert {jobs[one]["status"] for one in ids[plugin]} == {"DONE"}
        assert ended(system, plugin) == before[plugin] + MANY
        assert system.tabs(plugin)["queue"]["jobs"] == 0


def test_one_operation_reaches_the_jobs_of_all_plugins(system: System) -> None:
    """The home writes jobs of other partitions, whose schedulers write their own meanwhile."""
    go = system.roots / "go-everywhere"
    running = sleeper(system, go)
    waiting = [sleeper(system, go) for _ in range(3)]
    shows(system, running, lambda one: one["status"] == "PROCESSING")
    tell(system, "/plugins/noop/stop", reason="to let them wait")
    elsewhere = system.submit_many(100, plugin="noop")
    shows(system, elsewhere[-1], lambda one: one["waiting"])

    over_all(system, "hold", [*waiting, *elsewhere])
    for job in (waiting[0], elsewhere[0], elsewhere[-1]):
        assert system.job(job)["status"] == "PAUSED"
    over_all(system, "cancel", [*waiting, *elsewhere])
    assert {system.job(job)["status"] for job in (*waiting, *elsewhere[:5])} == {"CANCELLED"}

    tell(system, "/plugins/noop/restart")
    go.touch()
    assert system.finished(running)["status"] == "DONE"
    assert system.tabs("noop")["queue"]["jobs"] == 0


def test_of_two_plugins_that_want_one_key_at_the_same_time_one_has_it(system: System) -> None:
    """Both may be accepted: then one becomes a duplicate, whichever scheduler was quicker."""
    go = system.roots / "go-unique"
    tell(system, "/plugins/noop/stop", reason="to let it wait")
    jobs = [
        {"plugin": "sleep", "parameters": {"seconds": 600, "until": str(go)}, "unique": "page 1"},
        {"plugin": "noop", "unique": "page 1"},
    ]
    answer = system.client.post("/api/v1/jobs/batch", json={"jobs": jobs}).raise_for_status()
    ids = {result["id"] for result in answer.json()["results"]}

    def settled() -> bool:
        return [system.job(one)["status"] for one in ids].count("CANCELLED") == len(ids) - 1

    eventually(settled, within_seconds=60, what="one job with the key")
    go.touch()
    tell(system, "/plugins/noop/restart")
    assert sorted(system.finished(one)["status"] for one in ids) == ["CANCELLED", "DONE"][-len(ids) :]


def test_a_drained_runner_takes_nothing_until_it_is_resumed(system: System) -> None:
    tell(system, "/runners/local-noop-1/drain")
    job = system.submit(plugin="noop")["id"]
    shows(system, job, lambda one: one["waiting"])
    replace_scheduler(system)
    assert system.job(job)["status"] == "STARTED"
    tell(system, "/runners/local-noop-1/resume")
    assert system.finished(job)["status"] == "DONE"


def test_a_stop_ends_at_its_time(system: System) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    tell(system, "/plugins/paced/stop", until=until.isoformat(), reason="for a moment")
    plugin_is(system, "stopped")
    plugin_is(system, "running")

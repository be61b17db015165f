"""Each service cut from the broker, and those that need it from the database, in each way a network can fail.

Jobs come before, during and after. Whoever is cut off says so and heals; nothing hangs, is lost or doubled.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pymongo
import pytest
from tests.alarms import Alarm, alarm
from tests.e2e.process_folders import ProcessFolders, check_result, check_statistics
from tests.e2e.system import Service, System, running_system

from taskmanager_local.servers import RunningServer
from taskmanager_testing.proxy import Direction, Fault
from taskmanager_testing.waiting import eventually

JOBS = 6
LATE = timedelta(milliseconds=100)
VICTIMS = ("gateway", "scheduler", "runner")
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def stages(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[dict[str, System]]:
    """A system for each victim, so that all of them can suffer at the same time."""
    with ExitStack() as stack:
        yield {
            victim: stack.enter_context(
                running_system(
                    Path(tmp_path_factory.mktemp(victim)), rabbitmq, mongod, plugin="diary", proxied=True
                )
            )
            for victim in VICTIMS
        }


class Work:
    """Jobs submitted to one system in the course of a test."""

    def __init__(self, system: System) -> None:
        self.system, self.ids = system, list[str]()
        self._before = {job["id"] for job in system.jobs()}
        self._shelf = ProcessFolders(system.roots / uuid.uuid4().hex)
        self._refused: list[tuple[dict[str, object], str]] = []

    def submit(self, count: int = JOBS) -> None:
        self.ids += [self.system.submit(spec, uuid.uuid4().hex) for spec in self._shelf.jobs(count)]

    def is_refused(self) -> None:
        """A submission is answered soon with 503 and when to come again, which is done later."""
        spec, key = self._shelf.job(), uuid.uuid4().hex
        answer = self.system.offer(spec, key)
        assert answer is not None, "no answer within what a client waits"
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        self._refused.append((spec, key))

    def is_done(self) -> None:
        """Every job of this test is DONE once, as was promised, and there is none besides."""
        self.ids += [self.system.submit(spec, key) for spec, key in self._refused]
        for job in self.system.all_done(self.ids, within_seconds=90):
            check_result(job)
        stored = self.system.jobs()
        assert {job["id"] for job in stored} == self._before | set(self.ids)
        check_statistics(self.system.tabs(), stored)


def in_parallel(work: Callable[[str], None], names: tuple[str, ...]) -> None:
    with ThreadPoolExecutor(len(names)) as threads:
        for done in [threads.submit(work, name) for name in names]:
            done.result()


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET, Fault.STALL, Fault.HALF_OPEN])
def test_a_service_cut_from_the_broker_says_so_and_heals(stages: dict[str, System], fault: Fault) -> None:
    def suffer(name: str) -> None:
        system = stages[name]
        work, victim, proxy = Work(system), service(system, name), system.proxies[f"{name}-broker"]
        work.submit()
        proxy.set(fault)
        if name == "gateway":
            work.is_refused()
        else:
            work.submit()
        victim.until_unready()
        proxy.heal()
        victim.until_ready()
        work.submit(1)
        work.is_done()

    in_parallel(suffer, VICTIMS)


@pytest.mark.parametrize("direction", [Direction.UP, Direction.DOWN])
def test_a_connection_that_is_dead_in_one_direction_loses_nothing(
    stages: dict[str, System], direction: Direction
) -> None:
    def suffer(name: str) -> None:
        system = stages[name]
        work, victim, proxy = Work(system), service(system, name), system.proxies[f"{name}-broker"]
        work.submit()
        proxy.set(Fault.HALF_OPEN, direction)
        if name == "gateway":
            work.is_refused()
        victim.until_unready()
        proxy.heal()
        victim.until_ready()
        work.is_done()

    in_parallel(suffer, VICTIMS)


def test_latency_slows_everything_down_and_breaks_nothing(stages: dict[str, System]) -> None:
    def suffer(name: str) -> None:
        system = stages[name]
        work = Work(system)
        for proxy in system.proxies.values():
            proxy.set(Fault.DELAY, delay=LATE)
        work.submit(2)
        work.is_done()
        assert {one.name: one.problems() for one in system.services} == {one: {} for one in VICTIMS}
        for proxy in system.proxies.values():
            proxy.heal()

    in_parallel(suffer, VICTIMS)


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET, Fault.STALL, Fault.HALF_OPEN])
def test_submissions_go_on_without_the_database_and_the_inbox_waits(
    stages: dict[str, System], fault: Fault
) -> None:
    def suffer(name: str) -> None:
        system = stages[name]
        work, proxy = Work(system), system.proxies[f"{name}-database"]
        work.submit()
        proxy.set(fault)
        work.submit(2)
        if name == "scheduler":
            assert "MongoDB" in "".join(system.scheduler.until_unready().values())
        else:
            assert page_of(system).status_code == httpx.codes.SERVICE_UNAVAILABLE
        proxy.heal()
        eventually(lambda: page_of(system).status_code == httpx.codes.OK)
        service(system, name).until_ready()
        work.submit(1)
        work.is_done()

    in_parallel(suffer, ("gateway", "scheduler"))


def page_of(system: System) -> httpx.Response:
    """A read, which may take longer than a submission but not for ever."""
    with system.client() as client:
        return client.get("/api/v1/jobs", timeout=15)


@pytest.mark.parametrize("kind", Alarm)
def test_an_alarm_of_the_broker_refuses_submissions_and_heals(
    stages: dict[str, System], rabbitmq: RunningServer, kind: Alarm
) -> None:
    system = stages["gateway"]
    work = Work(system)
    work.submit()
    with alarm(rabbitmq, kind):
        work.is_refused()
        assert "alarm" in "".join(system.gateway.until_unready().values())
        work.is_refused()
        assert "alarm" in "".join(system.scheduler.until_unready().values())
    for one in system.services:
        one.until_ready()
    work.submit(1)
    work.is_done()


def test_a_database_that_steps_down_and_one_that_is_killed_only_make_jobs_wait(
    stages: dict[str, System], mongod: RunningServer
) -> None:
    system = stages["scheduler"]
    work = Work(system)
    work.submit()
    with pymongo.MongoClient(mongod.url) as client:  # type: ignore[var-annotated]
        client.admin.command("replSetStepDown", 3, force=True)
    work.submit()
    eventually(lambda: page_of(system).status_code == httpx.codes.OK)
    mongod.kill()
    work.submit()
    mongod.restart()

    work.is_done()


def service(system: System, name: str) -> Service:
    """The one of that name."""
    return {one.name: one for one in system.services}[name]

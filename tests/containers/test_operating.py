"""What an operator does to the running containers: more and fewer, one after the other; and a cut network."""

import itertools
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from taskmanager_local.demo.process_folder import ProcessFolder
from taskmanager_testing.waiting import eventually

from .compose_file import REPLICAS, SERVERS
from .stack import HEALTH_CHECK, LIMIT_SECONDS, Stack

pytestmark = pytest.mark.timeout(1800)

NUMBERS = itertools.count(1)
RUNNERS = tuple(name for name in SERVERS if name.startswith("runner-"))
IN_TURN = ("scheduler", "gateway", *RUNNERS)
"""The order of an update: see docs/operations.md."""
AMQP_PORT = 5672


def ids(stack: Stack) -> set[str]:
    """The runners that the scheduler knows, those that are gone included."""
    return {runner["id"] for runner in stack.told("/runners")["runners"]}


def numbered(plugin: str, count: int) -> set[str]:
    """The ids of so many runners of a plugin."""
    return {f"runner-{plugin}-{number}" for number in range(1, count + 1)}


USUAL = {name for plugin, count in REPLICAS.items() for name in numbered(plugin, count)}


@contextmanager
def submitting(stack: Stack, source: str, results: str) -> Iterator[list[str]]:
    """A client that submits one job after another until the block ends, again when it gets no answer."""
    taken: list[str] = []
    over = Event()

    def submit() -> None:
        while not over.wait(0.5):
            key = f"steady_{next(NUMBERS)}"
            body = {
                "plugin": "shell",
                "source": source,
                "destination": f"{results}/{key}",
                "template": "jpeg",
            }
            offered = partial(stack.offer, body, key)
            taken.append(eventually(offered, within_seconds=LIMIT_SECONDS, what="a submission") or "")

    client = Thread(target=submit)
    client.start()
    try:
        yield taken
    finally:
        over.set()
        client.join()


def until_more(jobs: Sequence[str]) -> None:
    """Wait for three further submissions."""
    enough = len(jobs) + 3
    eventually(lambda: len(jobs) >= enough, within_seconds=LIMIT_SECONDS, what="further submissions")


@contextmanager
def cut_off(stack: Stack, service: str, port: int) -> Iterator[None]:
    """Nothing reaches this port of the service, and nobody is told: packets are dropped."""
    [container] = stack.containers(service)
    process = stack.inspected(container)["State"]["Pid"]
    assert process > 1
    rule = ["INPUT", "--protocol", "tcp", "--dport", str(port), "--jump", "DROP"]
    within = ["nsenter", "--target", str(process), "--net", "iptables"]
    subprocess.run([*within, "--insert", *rule], check=True)
    try:
        yield
    finally:
        subprocess.run([*within, "--delete", *rule], check=True)


@pytest.fixture
def source(book: ProcessFolder, files: Path) -> str:
    """The masters of the book, as the containers see them."""
    return f"/files/{book.masters.relative_to(files)}"


@pytest.fixture
def results(book: ProcessFolder) -> str:
    """Where results may lie."""
    return f"/files/{book.number}/images"


def test_more_and_fewer_runners_and_none_is_known_that_was_never_there(stack: Stack) -> None:
    assert ids(stack) == USUAL
    stack.up(scale={"runner-jp2": 4})
    more = USUAL | numbered("jp2", 4)
    eventually(lambda: ids(stack) == more, within_seconds=LIMIT_SECONDS, what="four runners of jp2")
    stack.up(scale={"runner-jp2": 1})
    stack.up()
    assert ids(stack) == more, "new containers go on under the ids of those that are gone"


def test_one_service_after_the_other_is_replaced_while_jobs_come_and_go(
    stack: Stack, source: str, results: str
) -> None:
    known = ids(stack)
    with submitting(stack, source, results) as jobs:
        stack.compose("run", "--rm", "--no-deps", "migrate")
        for service in IN_TURN:
            before = set(stack.containers(service))
            stack.up("--no-deps", "--force-recreate", service)
            assert not before & set(stack.containers(service))
        until_more(jobs)
    stack.wait_until_done(*jobs)
    assert len(set(jobs)) == len(jobs)
    assert ids(stack) == known


def test_a_broker_that_nobody_reaches_for_a_while_costs_no_job(
    stack: Stack, source: str, results: str
) -> None:
    with submitting(stack, source, results) as jobs:
        until_more(jobs)
        with cut_off(stack, "rabbitmq", AMQP_PORT):
            eventually(
                lambda: "broker" in stack.inside("gateway", *HEALTH_CHECK).stderr,
                within_seconds=LIMIT_SECONDS,
                what="the gateway misses the broker",
            )
        until_more(jobs)
    for service in IN_TURN:
        stack.wait_until_well(service)
    stack.wait_until_done(*jobs)

"""docker-compose.yml as it runs: what each container may do, and that no job is lost."""

import re
from pathlib import Path

import pytest

from taskmanager_local.demo.process_folder import ProcessFolder

from .compose_file import SERVERS
from .stack import Stack
from .work import CONNECT, address_of, jobs

pytestmark = pytest.mark.timeout(1800)

BROKER_LOGIN = """
import sys, pika
credentials = pika.PlainCredentials(sys.argv[1], sys.argv[1])
pika.BlockingConnection(pika.ConnectionParameters("rabbitmq", credentials=credentials))
"""
DATABASE_READ = """
import pymongo
client = pymongo.MongoClient("mongodb://mongo:27017/?replicaSet=rs0", serverSelectionTimeoutMS=5000)
client.taskmanager.jobs.find_one()
"""


def test_jobs_over_real_images_are_done(stack: Stack, book: ProcessFolder, files: Path) -> None:
    stack.wait_until_done(*jobs(stack, book, files))
    assert len(list((files / str(book.number)).rglob("*.jp2"))) == len(list(book.masters.iterdir()))


@pytest.mark.parametrize("service", SERVERS)
def test_a_container_has_no_capability_no_root_and_no_place_to_write(stack: Stack, service: str) -> None:
    status = stack.inside(service, "cat", "/proc/1/status").stdout
    sets = {name: int(value, 16) for name, value in re.findall(r"(Cap\w+):\s+(\w+)", status)}
    assert set(sets.values()) == {0}, sets
    assert re.search(r"NoNewPrivs:\s+1", status)
    assert int(stack.inside(service, "id", "-u").stdout) >= 999
    for place in ("/written", "/usr/written", "/etc/written"):
        assert "Read-only" in stack.inside(service, "touch", place).stderr
    limits = stack.inspected(stack.containers(service)[0])["HostConfig"]
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0


def test_the_gateway_cannot_write_the_files_and_a_runner_can(stack: Stack) -> None:
    assert "Read-only" in stack.inside("gateway", "touch", "/files/written").stderr
    assert stack.inside("runner-jp2", "touch", "/files/written").returncode == 0


def test_a_runner_reaches_the_broker_but_not_the_database(stack: Stack) -> None:
    assert stack.inside("runner-shell", "python", "-c", CONNECT, "rabbitmq", "5672").returncode == 0
    for target in ("mongo", address_of(stack, "mongo", "database")):
        refused = stack.inside("runner-shell", "python", "-c", CONNECT, target, "27017")
        assert refused.returncode == 1
        assert re.search("timed out|unreachable|not known|resolution|No route", refused.stderr), (
            refused.stderr
        )


def test_no_default_password_opens_anything(stack: Stack) -> None:
    for user in ("guest", "taskmanager"):
        refused = stack.inside("gateway", "python", "-c", BROKER_LOGIN, user)
        assert re.search("Authentication|AccessDenied|ConnectionClosedByBroker", refused.stderr), (
            refused.stderr
        )
    assert "requires authentication" in stack.inside("gateway", "python", "-c", DATABASE_READ).stderr
    with stack.client(headers={}) as client:
        assert client.get("/api/v1/jobs").status_code == 401
        refused_pages = client.post("/log-in", data={"name": "admin", "password": "admin"})
        assert "location" not in refused_pages.headers


def test_only_the_gateway_has_a_port_on_this_machine(stack: Stack) -> None:
    for service in SERVERS:
        ports = stack.inspected(stack.containers(service)[0])["HostConfig"]["PortBindings"] or {}
        hosts = {binding["HostIp"] for bindings in ports.values() for binding in bindings or []}
        assert hosts == ({"127.0.0.1"} if service == "gateway" else set()), service


@pytest.mark.parametrize(
    "service", ["gateway", "scheduler", "runner-shell", "runner-jp2", "rabbitmq", "mongo"]
)
def test_a_container_reads_its_own_secrets_and_nobody_else_can(stack: Stack, service: str) -> None:
    listed = stack.inside(service, "find", "/run/accounts", "-type", "f", "-printf", "%f %m %U\n").stdout
    own = stack.inside(service, "id", "-u").stdout.strip()
    assert listed
    assert {tuple(line.split()[1:]) for line in listed.splitlines()} == {("600", own)}, listed
    assert stack.inside(service, "ls", "/accounts").returncode != 0


@pytest.mark.parametrize("service", SERVERS)
def test_a_killed_container_starts_again_and_no_job_is_lost(
    stack: Stack, book: ProcessFolder, files: Path, service: str
) -> None:
    before = jobs(stack, book, files)
    stack.kill(service)
    stack.wait_until_well(service)
    stack.wait_until_done(*before)


def test_down_and_up_again_keeps_jobs_passwords_and_users(
    stack: Stack, book: ProcessFolder, files: Path
) -> None:
    before = jobs(stack, book, files)
    stack.compose("down", "--timeout", "30")
    stack.up()
    stack.wait_until_done(*before, *jobs(stack, book, files))

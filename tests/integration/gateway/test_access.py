"""Log-in and tokens through two gateways, the scheduler and the real servers."""

import re
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from taskmanager.messages.topology import Topology
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

from .conftest import RunningGateway, StartGateway

CHOSEN = "a password nobody else has"


@pytest.fixture
def one_time(rabbitmq: RunningServer, topology: Topology, mongodb_url: str) -> str:
    """What the migration shows once."""
    environment = {
        "PATH": "",
        "AMQP_URL": rabbitmq.url,
        "MONGODB_URL": mongodb_url,
        "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix,
    }
    command = [sys.executable, "-c", "from taskmanager_scheduler.cli.migrate import main; main()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r"password\s+(\S+)\n", done.stdout)
    assert found is not None, done.stdout
    return found[1]


@pytest.fixture
def both(
    one_time: str, start_scheduler: Callable[[], None], start_gateway: StartGateway
) -> tuple[RunningGateway, RunningGateway]:
    start_scheduler()
    return start_gateway(TASKMANAGER_ACCESS="required"), start_gateway(TASKMANAGER_ACCESS="required")


def log_in(client: httpx.Client, password: str) -> httpx.Response:
    return client.post("/log-in", data={"name": "admin", "password": password})


def csrf(client: httpx.Client) -> dict[str, str]:
    return {"X-CSRF-Token": client.get("/api/v1/me").raise_for_status().json()["csrf"]}


def test_from_the_first_password_to_a_token_that_is_revoked(
    both: tuple[RunningGateway, RunningGateway], one_time: str
) -> None:
    here, there = both[0].client, both[1].client
    assert here.get("/api/v1/plugins").status_code == 401
    assert log_in(here, one_time).headers["location"] == "/account"
    assert here.get("/api/v1/plugins").status_code == 403

    fields = {"current": one_time, "password": CHOSEN, "again": CHOSEN}
    assert log_in(there, one_time).status_code == 303
    assert here.post("/account", data=fields, headers=csrf(here)).status_code == 303
    assert here.get("/api/v1/plugins").status_code == 200
    eventually(lambda: there.get("/api/v1/me").status_code == 401, what="the other session is void")

    body = {"name": "goobi", "scopes": ["submit"]}
    assert here.post("/api/v1/tokens", json=body).status_code == 403
    made = here.post("/api/v1/tokens", json=body, headers=csrf(here))
    assert made.status_code == 200, made.text
    bearer = {"Authorization": f"Bearer {made.json()['secret']}"}
    taken = there.post("/api/v1/jobs", json={"plugin": "noop"}, headers=bearer)
    assert taken.status_code == 202, taken.text
    assert there.get("/api/v1/jobs", headers=bearer).status_code == 403

    assert here.delete(f"/api/v1/tokens/{made.json()['id']}", headers=csrf(here)).status_code == 200
    eventually(
        lambda: there.post("/api/v1/jobs", json={"plugin": "noop"}, headers=bearer).status_code == 401,
        what="the token is good for nothing",
    )


def test_a_session_counts_at_the_other_gateway_until_it_is_ended(
    both: tuple[RunningGateway, RunningGateway], one_time: str
) -> None:
    here, there = both[0].client, both[1].client
    log_in(here, one_time)
    there.cookies = here.cookies
    kept = here.cookies["tm_session"]
    assert there.get("/api/v1/me").json()["name"] == "admin"

    assert here.post("/log-out", headers=csrf(here)).status_code == 303
    again = {"Cookie": f"tm_session={kept}"}

    def void() -> bool:
        return all(one.get("/api/v1/me", headers=again).status_code == 401 for one in (here, there))

    eventually(void, what="the session is void at both")

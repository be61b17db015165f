"""Log-in by OpenID Connect: a real provider for tests, two gateways, the scheduler and the real servers."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pymongo
import pytest

from taskmanager.messages.topology import Topology
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.waiting import LONG_SECONDS, eventually

from .conftest import RunningGateway, StartGateway

HTML = {"accept": "text/html", "accept-language": "en"}
SECRET = "the client's secret, & more"


class Provider:
    """oidc-provider-mock as a process."""

    def __init__(self, log: Path) -> None:
        self._port, self._log = free_port(), log
        self.address = f"http://127.0.0.1:{self._port}"
        self.process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            "oidc_provider_mock",
            "--port",
            str(self._port),
            "--require-nonce",
            "true",
        ]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command, env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}, stdout=log, stderr=log
            )
        eventually(self._answers, what="the provider answers")
        return process

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/jwks", trust_env=False, verify=PLAIN).status_code == 200
        except httpx.TransportError:
            return False

    def person(self, name: str, *groups: str) -> None:
        claims = {"preferred_username": name, "groups": list(groups)}
        httpx.put(
            f"{self.address}/users/{name}", json=claims, trust_env=False, verify=PLAIN
        ).raise_for_status()

    def consent(self, address: str, name: str, **form: str) -> str:
        """Where the provider sends the browser back to."""
        answer = httpx.post(address, data={"sub": name, **form}, trust_env=False, verify=PLAIN)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(LONG_SECONDS)

    def restart(self) -> None:
        """With other keys, as it makes new ones each time."""
        self.stop()
        self.process = self._started()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = Provider(tmp_path / "provider.log")
    yield made
    made.stop()


@pytest.fixture
def start(
    rabbitmq: RunningServer,
    topology: Topology,
    mongodb_url: str,
    provider: Provider,
    tmp_path: Path,
    start_gateway: StartGateway,
) -> Callable[[], RunningGateway]:
    """Starts a gateway that the provider's people may log in at."""
    servers = {"AMQP_URL": rabbitmq.url, "MONGODB_URL": mongodb_url, "PATH": ""}
    command = [sys.executable, "-c", "from taskmanager_scheduler.cli.migrate import main; main()"]
    environment = {**servers, "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=60)
    secret = tmp_path / "secret"
    secret.write_text(SECRET)

    def started() -> RunningGateway:
        return start_gateway(
            TASKMANAGER_ACCESS="required",
            TASKMANAGER_OIDC_ISSUER=provider.address,
            TASKMANAGER_OIDC_CLIENT_ID="taskmanager",
            TASKMANAGER_OIDC_CLIENT_SECRET_FILE=str(secret),
            TASKMANAGER_OIDC_NAME="the library's account",
            TASKMANAGER_OIDC_OPERATOR_GROUP="tm-operators",
            TASKMANAGER_OIDC_VIEWER_GROUP="tm-viewers",
        )

    return started


def begin(client: httpx.Client, target: str = "/") -> str:
    answer = client.get("/log-in/oidc", params={"next": target}, headers=HTML)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def log_in(client: httpx.Client, provider: Provider, name: str, target: str = "/") -> httpx.Response:
    return client.get(provider.consent(begin(client, target), name), headers=HTML)


def me(client: httpx.Client) -> dict[str, object]:
    found: dict[str, object] = client.get("/api/v1/me").raise_for_status().json()
    return found


def test_people_of_the_provider_get_in_with_the_role_of_their_group(
    start: Callable[[], RunningGateway],
    start_scheduler: Callable[[], None],
    provider: Provider,
    mongodb_url: str,
) -> None:
    start_scheduler()
    client, there = start().client, start().client
    shown = client.get("/log-in", headers=HTML).text
    assert "Log in with the library&#39;s account" in shown

    provider.person("anna", "tm-viewers", "others")
    address = begin(client, "/runners?x=1")
    query = parse_qs(urlsplit(address).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{client.base_url}/log-in/oidc/back"]

    there.cookies = client.cookies
    back = urlsplit(provider.consent(address, "anna"))
    answer = there.get(
        f"{back.path}?{back.query}", headers={**HTML, "host": urlsplit(str(client.base_url)).netloc}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/runners?x=1")
    assert "tm_oidc" not in there.cookies
    assert me(there)["name"] == "anna"
    assert there.get("/api/v1/plugins").status_code == 200
    assert there.get("/api/v1/users").status_code == 403

    provider.person("anna", "tm-operators")
    provider.restart()
    provider.person("anna", "tm-operators")
    assert log_in(client, provider, "anna", "//evil.example.org/").headers["location"] == "/"
    assert "operate" in str(me(client))

    with pymongo.MongoClient[dict[str, object]](mongodb_url) as database:
        audit = list(
            database.get_default_database().audit.find(
                {"subject": "anna", "what.code": {"$ne": "deed.log_in"}}
            )
        )
    assert [(one["actor"], one["reason"]) for one in audit] == [("oidc:anna", "OpenID Connect")] * 2, audit


def test_who_does_not_belong_stays_out_and_is_told_why(
    start: Callable[[], RunningGateway],
    start_scheduler: Callable[[], None],
    provider: Provider,
    mongodb_url: str,
) -> None:
    start_scheduler()
    client = start().client
    provider.person("berta", "others")
    refused = log_in(client, provider, "berta")
    assert refused.status_code == 403
    assert "tm-operators, tm-viewers" in refused.text
    assert client.get("/api/v1/me").status_code == 401

    provider.person("admin", "tm-viewers")
    taken = log_in(client, provider, "admin")
    assert taken.status_code == 403
    assert "with a password exists here" in taken.text

    provider.person("carla", "tm-viewers")
    assert log_in(client, provider, "carla").status_code == 303
    with pymongo.MongoClient[dict[str, object]](mongodb_url) as database:
        users = database.get_default_database().users
        stored = users.find_one({"name": "carla"})
        assert stored is not None
        users.update_one({"_id": stored["_id"]}, {"$set": {"disabled": stored["created"]}})
    out = log_in(client, provider, "carla")
    assert out.status_code == 403
    assert "is disabled here" in out.text

    def told() -> set[str]:
        with pymongo.MongoClient[dict[str, Any]](mongodb_url) as database:
            refused = database.get_default_database().audit.find({"outcome": "refused"})
            return {one["why"]["parameters"]["why"]["code"] for one in refused}

    eventually(
        lambda: told() == {"oidc.no_group", "oidc.local_user", "oidc.disabled"}, what="the audit says why"
    )


def test_answers_that_belong_to_no_log_in_are_refused(
    start: Callable[[], RunningGateway], start_scheduler: Callable[[], None], provider: Provider
) -> None:
    start_scheduler()
    client = start().client
    provider.person("anna", "tm-viewers")
    assert client.get("/log-in/oidc/back?code=x&state=y", headers=HTML).status_code == 400

    foreign = provider.consent(begin(client), "anna")
    begin(client)
    assert client.get(foreign, headers=HTML).status_code == 400

    address = begin(client)
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    other = provider.consent(address.replace(nonce, "x" * len(nonce)), "anna")
    wrong = client.get(other, headers=HTML)
    assert wrong.status_code == 403
    assert "cannot be accepted" in wrong.text

    back = provider.consent(begin(client), "anna")
    kept = client.cookies["tm_oidc"]
    assert client.get(back, headers=HTML).status_code == 303
    client.cookies.clear()
    replayed = client.get(back, headers={**HTML, "cookie": f"tm_oidc={kept}"})
    assert replayed.status_code == 403
    assert "cannot be accepted" in replayed.text

    denied = client.get(provider.consent(begin(client), "anna", action="deny"), headers=HTML)
    assert denied.status_code in {400, 403}
    issuer = provider.consent(begin(client), "anna") + "&iss=https%3A%2F%2Fevil.example.org"
    assert client.get(issuer, headers=HTML).status_code == 403


def test_a_provider_or_a_scheduler_that_is_away(
    start: Callable[[], RunningGateway], provider: Provider, mongodb_url: str
) -> None:
    client = start().client
    provider.person("anna", "tm-viewers")
    late = log_in(client, provider, "anna")
    assert late.status_code == 503
    assert "Try again soon" in late.text

    address = begin(client)
    back = provider.consent(address, "anna")
    provider.stop()
    away = client.get(back, headers=HTML)
    assert away.status_code == 502
    assert "does not respond as expected" in away.text
    fresh = start().client
    assert fresh.get("/log-in/oidc", headers=HTML).status_code == 502
    assert fresh.get("/log-in", headers=HTML).status_code == 200

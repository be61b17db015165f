"""Every 403 leaves a line in the log and counts in the metric."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from taskmanager.model.access import Right, Role
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess

from .access import bearer, log_in, token, user
from .conftest import Gateway


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.put_user(user("vera", Role.VIEWER))
    made.put_token(token("reader", Right.READ))
    made.put_token(token("jp2", *Right, plugins=("jp2",)))
    return made


def counted(missing: str) -> float:
    return REGISTRY.get_sample_value("taskmanager_gateway_forbidden_total", {"missing": missing}) or 0.0


@pytest.mark.parametrize(
    ("method", "address", "who", "route", "missing"),
    [
        ("POST", "/api/v1/plugins/noop/stop", "reader", "/api/v1/plugins/{name}/stop", "access.no_operate"),
        ("POST", "/api/v1/jobs", "reader", "/api/v1/jobs", "access.no_submit"),
        ("GET", "/users", "reader", "/users", "access.no_admin"),
        ("GET", "/api/v1/goobi", "jp2", "/api/v1/goobi", "access.all_plugins"),
    ],
)
async def test_a_refusal_says_who_what_and_which_right(
    gateway: Gateway, method: str, address: str, who: str, route: str, missing: str
) -> None:
    before = counted(missing)
    with capture_logs() as logs:
        answer = await gateway.client.request(method, address, headers=bearer(who))
    assert answer.status_code == 403, answer.text
    (line,) = [one for one in logs if one["event"] == "forbidden"]
    told = {name: line[name] for name in ("who", "method", "route", "missing", "address")}
    assert told == {
        "who": f"token:{who}",
        "method": method,
        "route": route,
        "missing": missing,
        "address": "127.0.0.1",
    }
    assert counted(missing) == before + 1


async def test_a_change_without_the_proof_of_a_page_is_one_of_them(gateway: Gateway) -> None:
    await log_in(gateway, "vera")
    before = counted("access.no_csrf_token")
    assert (await gateway.client.post("/log-out")).status_code == 403
    assert counted("access.no_csrf_token") == before + 1


async def test_what_is_allowed_is_not_counted(gateway: Gateway) -> None:
    with capture_logs() as logs:
        assert (await gateway.client.get("/api/v1/jobs", headers=bearer("reader"))).status_code == 200
    assert not [one for one in logs if one["event"] == "forbidden"]

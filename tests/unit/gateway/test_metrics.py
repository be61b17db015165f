"""What a gateway counts: requests by route and method, log-ins that failed, and series that begin at 0."""

import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.unit.gateway.conftest import Gateway, installed

from taskmanager_gateway.accounts.log_in_records import Outcome, Way
from taskmanager_gateway.http.problems import KINDS
from taskmanager_gateway.known_labels import begin
from taskmanager_gateway.metrics import LOG_IN_FAILURE_KINDS, SUBMISSION_OUTCOMES, UNKNOWN_OUTCOMES
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome
from taskmanager_gateway.web.shell.assets import Assets


async def count(gateway: Gateway, name: str, **labels: str) -> float | None:
    """The value of one series; None if there is none."""
    told = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    text = (await gateway.client.get("/metrics")).text
    found = re.search(rf"^{re.escape(f'taskmanager_{name}{{{told}}}')} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


async def requests(gateway: Gateway, method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return await count(gateway, "gateway_request_duration_seconds_count", **labels) or 0.0


@pytest.mark.parametrize(
    ("method", "address", "route", "status"),
    [
        ("GET", "/", "/", 200),
        ("GET", "/plugins/noop", "/plugins/{name}", 200),
        ("GET", "/ui/preferences", "/ui/preferences", 303),
        ("GET", f"/static/{Assets().version}/own/app.css", "/static", 200),
        ("GET", "/health/live", "/health/live", 200),
        ("GET", "/health/ready", "/health/ready", 200),
        ("GET", "/metrics", "/metrics", 200),
        ("GET", "/api/v1/plugins/noop", "/api/v1/plugins/{name}", 200),
        ("DELETE", "/api/v1/users/nobody", "/api/v1/users/{name}", 200),
        ("GET", "/nothing/at/all", "other", 404),
        ("GET", "/api/v1/nothing", "other", 404),
        ("PATCH", "/api/v1/plugins", "/api/v1/plugins", 405),
    ],
)
async def test_a_request_is_counted_under_its_own_route(
    gateway: Gateway, method: str, address: str, route: str, status: int
) -> None:
    known = method if method in {"GET", "POST", "PUT", "DELETE"} else "other"
    before = await requests(gateway, known, route, status)
    answer = await gateway.client.request(method, address)
    assert answer.status_code == status
    assert await requests(gateway, known, route, status) > before


async def test_openmetrics_is_served_to_who_asks_for_it(gateway: Gateway) -> None:
    plain = await gateway.client.get("/metrics", headers={"accept": "text/plain"})
    asked = await gateway.client.get(
        "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
    )

    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert asked.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert asked.text.endswith("# EOF\n")
    families = list(text_string_to_metric_families(asked.text))  # type: ignore[no-untyped-call]
    assert {"taskmanager_gateway_defects", "taskmanager_gateway_submissions"} <= {
        one.name for one in families
    }
    for text in (plain.text, asked.text):
        assert "_created" not in text


async def test_what_may_happen_to_a_submission_begins_at_0_as_soon_as_its_plugin_is_known(
    gateway: Gateway,
) -> None:
    gateway.reader.install(installed("newcomer"))
    assert await count(gateway, "gateway_submissions_total", plugin="newcomer", outcome="accepted") is None

    await gateway.services.catalogue.refresh()

    for outcome in SUBMISSION_OUTCOMES:
        assert await count(gateway, "gateway_submissions_total", plugin="newcomer", outcome=outcome) == 0


def test_the_outcomes_of_submissions_are_those_of_acceptance_and_names_of_problems() -> None:
    problems = {*SUBMISSION_OUTCOMES, *UNKNOWN_OUTCOMES} - set(SubmissionOutcome)
    assert set(SubmissionOutcome) <= set(SUBMISSION_OUTCOMES)
    assert problems <= {kind.name for kind in KINDS}


async def test_log_ins_that_may_fail_and_commands_begin_at_0(gateway: Gateway) -> None:
    begin()
    for kind in LOG_IN_FAILURE_KINDS:
        assert await count(gateway, "login_failures_total", kind=kind) is not None
    assert await count(gateway, "gateway_commands_total", action="cancel", outcome="not-possible") is not None
    assert await count(gateway, "gateway_forbidden_total", missing="access.no_operate") is not None


@pytest.mark.parametrize(
    ("outcome", "way", "kind"),
    [("refused", "password", "password"), ("refused", "oidc", "oidc"), ("too_many", "password", "too_many")],
)
async def test_a_log_in_that_fails_is_counted_by_what_was_wrong(
    gateway: Gateway, outcome: Outcome, way: Way, kind: str
) -> None:
    begin()
    before = await count(gateway, "login_failures_total", kind=kind) or 0
    records = gateway.services.access.records

    records.note(outcome, way, "anna", "10.0.0.1")
    records.note("done", way, "anna", "10.0.0.1")
    records.note("left", way, "anna", "10.0.0.1")

    assert await count(gateway, "login_failures_total", kind=kind) == before + 1

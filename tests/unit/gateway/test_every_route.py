"""Every route of the gateway for every kind of identity: who is let in, and who is not.

The routes are taken from the application. A new one without a line in the table below fails.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from taskmanager.model.access import Right, Role
from taskmanager_gateway.access.sessions import COOKIE
from taskmanager_gateway.app import make_api
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.web import app as pages
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.reader import FakeReader

from .access import NOTE, bearer, csrf, log_in, token, user
from .conftest import MOMENT, Gateway, job

OPEN, LOG_IN, PASSWORD = "open to all", "whoever is known", "whoever logged in with a password"
LOOK_AND_OPERATE = "the rights to read and to operate at once"
READ, SUBMIT, OPERATE, SCALE, ADMIN = Right.READ, Right.SUBMIT, Right.OPERATE, Right.SCALE, Right.ADMIN
NOTIFY = Right.NOTIFY
Needed = str | Right

TABLE: dict[str, Needed] = {
    "GET /health/live": OPEN,
    "GET /health/ready": OPEN,
    "GET /metrics": OPEN,
    "GET /docs": OPEN,
    "GET /openapi.json": OPEN,
    "GET /itm/service": OPEN,
    "GET /": READ,
    "GET /account": LOG_IN,
    "POST /account": PASSWORD,
    "POST /account/end-others": PASSWORD,
    "GET /account/second-factor": PASSWORD,
    "POST /account/second-factor": PASSWORD,
    "POST /account/second-factor/remove": PASSWORD,
    "GET /account/security-keys": PASSWORD,
    "POST /account/security-keys": PASSWORD,
    "GET /account/security-keys/remove": PASSWORD,
    "POST /account/security-keys/remove": PASSWORD,
    "POST /account/sessions/{session}/end": PASSWORD,
    "GET /api/v1/account/sessions": PASSWORD,
    "DELETE /api/v1/account/sessions/{session}": PASSWORD,
    "GET /api/v1/audit": READ,
    "GET /api/v1/dead-letters": ADMIN,
    "GET /api/v1/dead-letters/{letter}": ADMIN,
    "POST /api/v1/dead-letters/{letter}/drop": ADMIN,
    "POST /api/v1/dead-letters/{letter}/requeue": ADMIN,
    "GET /api/v1/presets": READ,
    "GET /api/v1/presets/{name}": READ,
    "PUT /api/v1/presets/{name}": SUBMIT,
    "POST /api/v1/presets/{name}/rename": SUBMIT,
    "DELETE /api/v1/presets/{name}": SUBMIT,
    "GET /api/v1/events": READ,
    "GET /api/v1/goobi": READ,
    "GET /api/v1/jobs": READ,
    "POST /api/v1/jobs": SUBMIT,
    "GET /api/v1/figures": READ,
    "GET /api/v1/figures.csv": READ,
    "GET /api/v1/jobs.csv": READ,
    "POST /api/v1/jobs/batch": SUBMIT,
    "GET /api/v1/jobs/{job_id}": READ,
    "POST /api/v1/jobs/{job_id}/cancel": OPERATE,
    "GET /api/v1/jobs/{job_id}/files": READ,
    "GET /api/v1/jobs/{job_id}/history": READ,
    "POST /api/v1/jobs/{job_id}/hold": OPERATE,
    "GET /api/v1/jobs/{job_id}/landing": READ,
    "GET /api/v1/jobs/{job_id}/chain": READ,
    "GET /api/v1/jobs/{job_id}/log": READ,
    "POST /api/v1/jobs/{job_id}/messages": OPERATE,
    "POST /api/v1/jobs/{job_id}/next": OPERATE,
    "PUT /api/v1/jobs/{job_id}/priority": OPERATE,
    "POST /api/v1/jobs/{job_id}/release": OPERATE,
    "GET /api/v1/jobs/{job_id}/reports": READ,
    "POST /api/v1/jobs/{job_id}/retry": OPERATE,
    "GET /api/v1/me": LOG_IN,
    "GET /api/v1/notification-channels": NOTIFY,
    "GET /api/v1/notification-rules": NOTIFY,
    "DELETE /api/v1/notification-rules/{rule}": NOTIFY,
    "GET /api/v1/notification-rules/{rule}": NOTIFY,
    "PUT /api/v1/notification-rules/{rule}": NOTIFY,
    "GET /api/v1/notification-rules/{rule}/deliveries": NOTIFY,
    "POST /api/v1/notification-rules/{rule}/test": NOTIFY,
    "GET /new-notification": NOTIFY,
    "GET /notifications": NOTIFY,
    "GET /notifications/{rule}": NOTIFY,
    "GET /notifications/{rule}/change": NOTIFY,
    "GET /ui/notifications/{rule}": NOTIFY,
    "POST /ui/notifications/{rule}": NOTIFY,
    "GET /ui/notifications/{rule}/remove": NOTIFY,
    "POST /ui/notifications/{rule}/remove": NOTIFY,
    "POST /ui/notifications/{rule}/test": NOTIFY,
    "GET /api/v1/jobs/{job_id}/notes": READ,
    "POST /api/v1/jobs/{job_id}/notes": OPERATE,
    "GET /api/v1/plugins/{name}/notes": READ,
    "POST /api/v1/plugins/{name}/notes": OPERATE,
    "GET /api/v1/processes/{process_id}/notes": READ,
    "POST /api/v1/processes/{process_id}/notes": OPERATE,
    "DELETE /api/v1/notes/{note}": OPERATE,
    "GET /ui/notes": READ,
    "POST /ui/notes": OPERATE,
    "POST /ui/notes/{note}/remove": OPERATE,
    "GET /api/v1/operations": READ,
    "POST /api/v1/operations": OPERATE,
    "GET /api/v1/operations/{operation}": READ,
    "GET /api/v1/operations/{operation}/failures": READ,
    "POST /api/v1/operations/{operation}/stop": OPERATE,
    "GET /api/v1/plugins": READ,
    "GET /api/v1/plugins/{name}": READ,
    "POST /api/v1/plugins/{name}/accept": OPERATE,
    "POST /api/v1/plugins/{name}/cancel-jobs": OPERATE,
    "GET /api/v1/plugins/{name}/figures": READ,
    "PUT /api/v1/plugins/{name}/limit": OPERATE,
    "GET /api/v1/plugins/{name}/replicas": READ,
    "DELETE /api/v1/plugins/{name}/replicas/{place}": SCALE,
    "PUT /api/v1/plugins/{name}/replicas/{place}": SCALE,
    "POST /api/v1/plugins/{name}/replicas/{place}/restart": SCALE,
    "POST /api/v1/plugins/{name}/refuse": OPERATE,
    "POST /api/v1/plugins/{name}/restart": OPERATE,
    "POST /api/v1/plugins/{name}/stop": OPERATE,
    "GET /api/v1/processes/{process_id}": READ,
    "GET /processes": READ,
    "GET /processes/{process_id}": READ,
    "GET /ui/processes/{process_id}/list": READ,
    "GET /api/v1/reports": READ,
    "POST /api/v1/reports/replay": OPERATE,
    "GET /api/v1/reports/{report}": READ,
    "POST /api/v1/reports/{report}/replay": OPERATE,
    "GET /api/v1/runners": READ,
    "DELETE /api/v1/runners/{runner}": OPERATE,
    "GET /api/v1/runners/{runner}": READ,
    "POST /api/v1/runners/{runner}/drain": OPERATE,
    "POST /api/v1/runners/{runner}/resume": OPERATE,
    "GET /api/v1/tokens": ADMIN,
    "POST /api/v1/tokens": ADMIN,
    "DELETE /api/v1/tokens/{token}": ADMIN,
    "GET /api/v1/tokens/{token}": ADMIN,
    "GET /api/v1/users": ADMIN,
    "POST /api/v1/users": ADMIN,
    "DELETE /api/v1/users/{name}": ADMIN,
    "GET /api/v1/users/{name}": ADMIN,
    "PATCH /api/v1/users/{name}": ADMIN,
    "POST /api/v1/users/{name}/log-out": ADMIN,
    "PUT /api/v1/users/{name}/password": ADMIN,
    "DELETE /api/v1/users/{name}/second-factor": ADMIN,
    "GET /api/v1/users/{name}/sessions": ADMIN,
    "DELETE /api/v1/users/{name}/sessions/{session}": ADMIN,
    "GET /audit": READ,
    "GET /itm/api": READ,
    "GET /itm/rest/viewerepub/epubSize/{identifier}": READ,
    "GET /itm/rest/viewerpdf/pdfSize/{identifier}": READ,
    "GET /itm/rest/{viewer}/info/{identifier}": READ,
    "GET /itm/rest/{viewer}/numJobsUntil/{identifier}": READ,
    "POST /itm/service": SUBMIT,
    "GET /jobs/{job_id}": READ,
    "GET /jobs/{job_id}/error.txt": READ,
    "GET /jobs/{job_id}/files": READ,
    "GET /jobs/{job_id}/files/{number}": READ,
    "GET /jobs/{job_id}/pictures/{side}/thumbnail": READ,
    "GET /jobs/{job_id}/pictures/{side}/tile": READ,
    "GET /log-in": OPEN,
    "POST /log-in": OPEN,
    "GET /log-in/oidc": OPEN,
    "GET /log-in/oidc/back": OPEN,
    "POST /log-out": LOG_IN,
    "GET /new-job": SUBMIT,
    "GET /new-job/{plugin}": SUBMIT,
    "POST /ui/new-job/{plugin}": SUBMIT,
    "POST /ui/new-job/{plugin}/look": SUBMIT,
    "POST /ui/new-job/{plugin}/preset": SUBMIT,
    "POST /ui/new-job/{plugin}/preset/rename": SUBMIT,
    "POST /ui/new-job/{plugin}/preset/delete": SUBMIT,
    "GET /ui/folders": SUBMIT,
    "GET /operations": READ,
    "GET /operations/{operation}": READ,
    "GET /plugins/{name}": READ,
    "GET /reports": READ,
    "GET /dead-letters": ADMIN,
    "GET /figures": READ,
    "GET /runners": READ,
    "GET /tokens": ADMIN,
    "GET /ui/dead-letters": ADMIN,
    "GET /ui/dead-letters/{letter}": ADMIN,
    "GET /ui/settle-dead-letters": ADMIN,
    "POST /ui/settle-dead-letters": ADMIN,
    "GET /ui/following": READ,
    "GET /ui/home": READ,
    "GET /ui/installations": READ,
    "GET /ui/installations/{name}/replay": READ,
    "POST /ui/installations/{name}/replay": OPERATE,
    "GET /ui/jobs/{job_id}": READ,
    "GET /ui/jobs/{job_id}/cancel": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/cancel": OPERATE,
    "GET /ui/jobs/{job_id}/error": READ,
    "GET /ui/jobs/{job_id}/files": READ,
    "GET /ui/jobs/{job_id}/hold": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/hold": OPERATE,
    "GET /ui/jobs/{job_id}/landing": READ,
    "GET /ui/jobs/{job_id}/message": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/message": OPERATE,
    "GET /ui/jobs/{job_id}/messages/{command}": READ,
    "GET /ui/jobs/{job_id}/next": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/next": OPERATE,
    "GET /ui/jobs/{job_id}/now": READ,
    "GET /ui/jobs/{job_id}/pictures/words": READ,
    "GET /ui/jobs/{job_id}/pictures/{side}/large": READ,
    "GET /ui/jobs/{job_id}/pictures/{side}/small": READ,
    "GET /ui/jobs/{job_id}/priority": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/priority": OPERATE,
    "GET /ui/jobs/{job_id}/release": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/release": OPERATE,
    "POST /ui/jobs/{job_id}/reports/{report}/replay": OPERATE,
    "GET /ui/jobs/{job_id}/retry": LOOK_AND_OPERATE,
    "POST /ui/jobs/{job_id}/retry": OPERATE,
    "GET /jobs/{job_id}/attempts": READ,
    "GET /search": READ,
    "GET /ui/keys": READ,
    "GET /ui/live": READ,
    "GET /ui/search": READ,
    "GET /ui/menu": READ,
    "GET /ui/new-token": ADMIN,
    "GET /ui/new-user": ADMIN,
    "GET /ui/operations/{operation}/progress": READ,
    "GET /ui/operations/{operation}/refused": READ,
    "GET /ui/operations/{operation}/stop": READ,
    "POST /ui/operations/{operation}/stop": OPERATE,
    "POST /ui/plugins/{name}/accept": OPERATE,
    "POST /ui/plugins/{name}/bulk": OPERATE,
    "POST /ui/plugins/{name}/bulk/start": OPERATE,
    "GET /ui/plugins/{name}/cancel-jobs": LOOK_AND_OPERATE,
    "GET /ui/plugins/{name}/head": READ,
    "GET /ui/plugins/{name}/replicas": READ,
    "GET /ui/plugins/{name}/replicas/{place}/{action}": READ,
    "POST /ui/plugins/{name}/replicas/{place}/renew": SCALE,
    "POST /ui/plugins/{name}/replicas/{place}/scale": SCALE,
    "GET /ui/plugins/{name}/limit": OPERATE,
    "POST /ui/plugins/{name}/limit": OPERATE,
    "GET /errors": READ,
    "GET /ui/plugins/{name}/list": READ,
    "GET /ui/plugins/{name}/matches": READ,
    "GET /ui/plugins/{name}/matching": READ,
    "POST /ui/plugins/{name}/refuse": OPERATE,
    "POST /ui/plugins/{name}/restart": OPERATE,
    "POST /ui/plugins/{name}/rows": READ,
    "GET /ui/plugins/{name}/forecast": READ,
    "GET /ui/plugins/{name}/projects": READ,
    "GET /ui/plugins/{name}/stop": OPERATE,
    "POST /ui/plugins/{name}/stop": OPERATE,
    "GET /ui/plugins/{name}/{action}": OPERATE,
    "GET /ui/preferences": OPEN,
    "GET /reference/components": READ,
    "GET /ui/reports": READ,
    "GET /ui/reports/{report}": READ,
    "POST /ui/reports/{report}/replay": OPERATE,
    "GET /ui/reports/{report}/state": READ,
    "GET /ui/runners": READ,
    "POST /ui/runners/{runner}/drain": OPERATE,
    "POST /ui/runners/{runner}/forget": OPERATE,
    "POST /ui/runners/{runner}/resume": OPERATE,
    "GET /ui/runners/{runner}/{action}": READ,
    "GET /ui/tokens": ADMIN,
    "POST /ui/tokens": ADMIN,
    "GET /ui/tokens/{token}/revoke": ADMIN,
    "POST /ui/tokens/{token}/revoke": ADMIN,
    "GET /ui/users": ADMIN,
    "POST /ui/users": ADMIN,
    "GET /ui/users/{name}": ADMIN,
    "POST /ui/users/{name}": ADMIN,
    "GET /ui/users/{name}/{act}": ADMIN,
    "POST /ui/users/{name}/{act}": ADMIN,
    "GET /users": ADMIN,
}

LET_IN: dict[str, frozenset[Needed]] = {
    "nobody": frozenset({OPEN}),
    "a revoked token": frozenset({OPEN}),
    "an expired token": frozenset({OPEN}),
    "a token nobody made": frozenset({OPEN}),
    "a disabled user": frozenset({OPEN}),
    "a user with a one-time password": frozenset({OPEN, LOG_IN, PASSWORD}),
    "a viewer": frozenset({OPEN, LOG_IN, PASSWORD, READ}),
    "an operator": frozenset({OPEN, LOG_IN, PASSWORD, READ, SUBMIT, OPERATE, SCALE, LOOK_AND_OPERATE}),
    "an admin": frozenset({OPEN, LOG_IN, PASSWORD, LOOK_AND_OPERATE, *Right}),
    "a token to read": frozenset({OPEN, LOG_IN, READ}),
    "a token to submit": frozenset({OPEN, LOG_IN, SUBMIT}),
    "a token to operate": frozenset({OPEN, LOG_IN, OPERATE}),
    "a token to scale": frozenset({OPEN, LOG_IN, SCALE}),
    "a token to notify": frozenset({OPEN, LOG_IN, NOTIFY}),
    "a token for access": frozenset({OPEN, LOG_IN, ADMIN}),
}
WITHOUT_CSRF = " without CSRF token"
LET_IN |= {f"{identity}{WITHOUT_CSRF}": LET_IN[identity] for identity in ("a viewer", "an admin")}
SESSIONS = {
    "a user with a one-time password": "newcomer",
    "a disabled user": "gone",
    "a viewer": "vera",
    "an operator": "otto",
    "an admin": "ada",
}
TOKENS = {
    "a revoked token": "revoked",
    "an expired token": "expired",
    "a token nobody made": "invented",
    "a token to read": "reader",
    "a token to submit": "submitter",
    "a token to operate": "operator",
    "a token to scale": "scaler",
    "a token to notify": "notifier",
    "a token for access": "keeper",
}
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
REFUSED = {401, 403}


@pytest.fixture
def settings(roots: Path) -> GatewaySettings:
    return GatewaySettings(roots=str(roots))


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    for name, role in (("vera", Role.VIEWER), ("otto", Role.OPERATOR), ("ada", Role.ADMIN)):
        made.put_user(user(name, role))
    made.put_user(user("newcomer", one_time=True))
    made.put_user(user("gone"))
    rights = {"reader": READ, "submitter": SUBMIT, "operator": OPERATE, "scaler": SCALE, "notifier": NOTIFY}
    rights |= {"keeper": ADMIN}
    for name, right in rights.items():
        made.put_token(token(name, right))
    made.put_token(token("revoked", *Right, revoked=NOTE))
    made.put_token(token("expired", *Right, expires=MOMENT.replace(year=2001)))
    return made


@pytest.fixture(autouse=True)
def stored(reader: FakeReader) -> None:
    reader.put(job(1, "noop"))


def routes(gateway: Gateway) -> Iterator[str]:
    """Every method and address, as the table writes them."""
    for path, methods in make_api(gateway.services).openapi()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods)
    for module in vars(pages).values():
        for router in (getattr(module, "router", None), getattr(module, "own", None)):
            for route in router.routes if router is not None else ():
                assert isinstance(route, APIRoute)
                yield from (f"{method} {route.path}" for method in sorted(route.methods or ()))


async def headers_of(gateway: Gateway, access: FakeAccess) -> dict[str, dict[str, str]]:
    """What each identity sends with every request."""
    shown: dict[str, dict[str, str]] = {"nobody": {}}
    for identity, name in TOKENS.items():
        shown[identity] = bearer(name)
    for identity, name in SESSIONS.items():
        gateway.client.cookies.clear()
        await log_in(gateway, name)
        cookie = {"Cookie": f"{COOKIE}={gateway.client.cookies[COOKIE]}"}
        shown[identity] = cookie | {"X-CSRF-Token": await csrf(gateway)}
        if f"{identity}{WITHOUT_CSRF}" in LET_IN:
            shown[f"{identity}{WITHOUT_CSRF}"] = cookie
    gateway.client.cookies.clear()
    access.put_user(user("gone", disabled=NOTE))
    gateway.services.access.directory.forget()
    return shown


def address_of(path: str) -> str:
    names = {
        "job_id": job(1).id,
        "plugin": "noop",
        "viewer": "viewerpdf",
        "act": "log-out",
        "process_id": "17",
    }
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda place: names.get(place[1], "x1"), path)


def is_let_in(route: str, answer: httpx.Response) -> bool:
    if route == "POST /log-in":
        return answer.status_code in {401, 429}  # judged by name and password alone
    if route == "POST /log-out":
        return answer.status_code == 303 and COOKIE in answer.headers["set-cookie"]
    led_away = answer.status_code == 303 and answer.headers["location"].startswith(("/log-in", "/account"))
    return answer.status_code not in REFUSED and not led_away


def expected(identity: str, method: str, needed: Needed) -> bool:
    if identity.endswith(WITHOUT_CSRF) and method in CHANGES and needed != OPEN:
        return False
    return needed in LET_IN[identity]


async def test_the_table_has_every_route_and_no_other(gateway: Gateway) -> None:
    documented_by_hand = {
        route for route in TABLE if not route.split()[1].startswith(("/api/", "/itm/", "/ui"))
    }
    found = set(routes(gateway))
    assert found - TABLE.keys() == set(), "a new route needs a line in the table"
    assert TABLE.keys() - found - documented_by_hand == set()


async def test_every_identity_is_let_in_where_the_table_says_and_nowhere_else(
    gateway: Gateway, access: FakeAccess
) -> None:
    gateway.services.hub.close()  # streams end at once
    gateway.services.digests.close()
    shown = await headers_of(gateway, access)
    assert shown.keys() == LET_IN.keys()
    wrong = []
    for route, needed in TABLE.items():
        method, path = route.split()
        for identity, headers in shown.items():
            gateway.client.cookies.clear()
            answer = await gateway.client.request(method, address_of(path), headers=headers)
            if is_let_in(route, answer) != expected(identity, method, needed):
                wrong.append(f"{route} for {identity}: {answer.status_code} {answer.text[-130:]!r}")
    assert not wrong, "\n".join(wrong)


async def test_every_answer_forbids_caches_and_guessing_of_types(gateway: Gateway) -> None:
    gateway.services.hub.close()
    gateway.services.digests.close()
    for route in TABLE:
        method, path = route.split()
        answer = await gateway.client.request(method, address_of(path), headers=bearer("reader"))
        assert answer.headers["cache-control"].startswith("no-store"), route
        assert answer.headers["x-content-type-options"] == "nosniff", route
        assert "default-src 'none'" in answer.headers["content-security-policy"], route

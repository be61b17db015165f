"""The pages of users and tokens, over a whole gateway."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from taskmanager.messages import (
    AddToken,
    AddUser,
    ChangeUser,
    EndSessions,
    RemoveUser,
    RevokeToken,
    SetPassword,
)
from taskmanager.model.access import Right, Role
from taskmanager.model.jobs import Attribution
from taskmanager_gateway.access.directory import secret_hash
from taskmanager_gateway.web.accounts.user_forms import NewTokenForm, TokenState, token_lines
from taskmanager_testing.access import FakeAccess

from .access import BEGIN, token, user
from .conftest import Gateway

ENGLISH = {"accept": "text/html", "accept-language": "en"}
GERMAN = {"accept": "text/html", "accept-language": "de"}
HTMX = {**ENGLISH, "hx-request": "true"}


def known(gateway: Gateway) -> FakeAccess:
    found = gateway.services.access.reader
    assert isinstance(found, FakeAccess)
    return found


async def shown(gateway: Gateway, address: str, headers: dict[str, str] = ENGLISH) -> str:
    answer = await gateway.client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def post(gateway: Gateway, address: str, **fields: Any) -> httpx.Response:
    return await gateway.client.post(address, data={"csrf": "", "reason": "", **fields}, headers=HTMX)


async def test_users_are_listed_with_what_they_may_do(gateway: Gateway) -> None:
    off = Attribution(by="root", at=BEGIN, reason="left <b>us</b>")
    known(gateway).put_user(user("bertä", Role.VIEWER, plugins=("jp2",), disabled=off))
    known(gateway).put_user(user("anna", Role.ADMIN, one_time=True))
    page = await shown(gateway, "/users")
    for words in (
        "bertä",
        "Viewer",
        "jp2",
        "disabled",
        "left &lt;b&gt;us",
        "one-time password, not used yet",
    ):
        assert words in page
    assert "argon2" not in page
    assert "Einmalpasswort, noch nicht benutzt" in await shown(gateway, "/users", GERMAN)


async def test_without_users_and_tokens_the_pages_say_what_to_do(gateway: Gateway) -> None:
    assert "There are no users yet" in await shown(gateway, "/users")
    assert "There are no tokens" in await shown(gateway, "/tokens")


async def test_a_user_is_added_and_the_one_time_password_shown_once(gateway: Gateway) -> None:
    assert "Only these" in await shown(gateway, "/ui/new-user")
    answer = await post(
        gateway,
        "/ui/users",
        name=" anna ",
        role="operator",
        reach="some",
        plugins=["jp2", "noop"],
        reason="new here",
    )
    assert answer.status_code == 200
    order = gateway.scheduler.commands[-1].order
    assert isinstance(order, AddUser)
    assert (order.name, order.role, order.plugins, order.one_time) == (
        "anna",
        Role.OPERATOR,
        ("jp2", "noop"),
        True,
    )
    secret = answer.text.split('value="')[1].split('"')[0]
    assert secret not in gateway.scheduler.commands[-1].model_dump_json()
    assert json.loads(answer.headers["hx-trigger"]) == {"tm-access": {}}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a b", "role": "viewer", "reach": "all"},
        {"name": "anna", "role": "god", "reach": "all"},
        {"name": "anna", "role": "viewer", "reach": "some"},
    ],
)
async def test_a_slip_in_the_form_is_said_and_nothing_is_sent(
    gateway: Gateway, fields: dict[str, str]
) -> None:
    answer = await post(gateway, "/ui/users", **fields)
    assert (answer.status_code, "alert-danger" in answer.text) == (422, True)
    assert not gateway.scheduler.commands


async def test_a_user_is_changed_and_a_refusal_is_shown_in_the_pop_up(gateway: Gateway) -> None:
    known(gateway).put_user(user("anna", Role.ADMIN, plugins=("gone",)))
    pop_up = await shown(gateway, "/ui/users/anna")
    assert 'value="gone" checked' in pop_up
    answer = await post(gateway, "/ui/users/anna", role="viewer", reach="all")
    assert answer.status_code == 204
    assert gateway.scheduler.commands[-1].order == ChangeUser(name="anna", role=Role.VIEWER, plugins="all")
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "anna is the last enabled admin"
    refused = await post(gateway, "/ui/users/anna", role="viewer", reach="all")
    assert (refused.status_code, "last enabled admin" in refused.text) == (409, True)


@pytest.mark.parametrize(
    ("act", "order"),
    [
        ("log-out", EndSessions(name="anna")),
        ("disable", ChangeUser(name="anna", disabled=True)),
        ("enable", ChangeUser(name="anna", disabled=False)),
        ("remove", RemoveUser(name="anna")),
    ],
)
async def test_what_ends_something_is_asked_once_more(gateway: Gateway, act: str, order: object) -> None:
    known(gateway).put_user(user("anna"))
    for headers in (ENGLISH, GERMAN):
        assert f'hx-post="/ui/users/anna/{act}"' in await shown(gateway, f"/ui/users/anna/{act}", headers)
    assert not gateway.scheduler.commands
    answer = await post(gateway, f"/ui/users/anna/{act}", reason="so")
    assert (answer.status_code, gateway.scheduler.commands[-1].order) == (204, order)
    assert gateway.scheduler.commands[-1].reason == "so"


async def test_a_one_time_password_is_shown_even_if_the_scheduler_is_silent(gateway: Gateway) -> None:
    known(gateway).put_user(user("anna"))
    gateway.scheduler.silent = True
    answer = await post(gateway, "/ui/users/anna/password")
    order = gateway.scheduler.commands[-1].order
    assert isinstance(order, SetPassword)
    assert order.one_time
    assert "works from then on" in answer.text


async def test_a_token_is_made_and_its_secret_shown_once(gateway: Gateway) -> None:
    await shown(gateway, "/ui/new-token", GERMAN)
    answer = await post(
        gateway, "/ui/tokens", name="goobi", scopes=["read", "submit"], reach="all", expires="2099-12-31"
    )
    order = gateway.scheduler.commands[-1].order
    assert isinstance(order, AddToken)
    assert (order.scopes, order.plugins) == ((Right.READ, Right.SUBMIT), None)
    assert order.expires == datetime(2100, 1, 1, tzinfo=UTC)
    secret = answer.text.split('value="')[1].split('"')[0]
    assert secret_hash(secret) == order.secret_hash
    assert 'data-copy-field="secret"' in answer.text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"reach": "all"}, "at least one thing"),
        ({"reach": "some", "scopes": ["read"]}, "at least one plugin"),
        ({"reach": "all", "scopes": ["read"], "expires": "2001-01-01"}, "The last day is in the past"),
    ],
)
async def test_a_token_nobody_could_use_is_not_made(
    gateway: Gateway, fields: dict[str, Any], why: str
) -> None:
    answer = await post(gateway, "/ui/tokens", name="goobi", **fields)
    assert (answer.status_code, why in answer.text) == (422, True)
    assert not gateway.scheduler.commands


async def test_a_token_is_revoked_and_then_shown_on_demand_only(gateway: Gateway) -> None:
    known(gateway).put_token(token("goobi", Right.READ))
    known(gateway).put_token(token("old", Right.READ, revoked=Attribution(by="root", at=BEGIN)))
    page = await shown(gateway, "/tokens")
    assert 'id="token-id-goobi"' in page
    assert 'id="token-id-old"' not in page
    assert 'id="token-id-old"' in await shown(gateway, "/tokens?void=true")
    await shown(gateway, "/ui/tokens/id-goobi/revoke")
    answer = await post(gateway, "/ui/tokens/id-goobi/revoke", reason="lost")
    assert answer.status_code == 204
    assert gateway.scheduler.commands[-1].order == RevokeToken(token="id-goobi")


def test_the_last_day_ends_where_the_reader_is() -> None:
    form = NewTokenForm(name="goobi", reach="all", expires=date(2026, 7, 1))
    assert form.ends(ZoneInfo("Europe/Berlin")) == datetime(2026, 7, 1, 22, tzinfo=UTC)


def test_tokens_that_are_good_for_nothing_are_told_apart() -> None:
    expired = token("late", Right.READ, expires=BEGIN)
    lines = token_lines([expired, token("good", Right.READ)], BEGIN + timedelta(days=1), void_too=True)
    assert [line.state for line in lines] == [TokenState.EXPIRED, TokenState.VALID]

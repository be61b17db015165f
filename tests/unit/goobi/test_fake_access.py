"""Who may use the REST interface of the fake Goobi."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager_testing.goobi import (
    API_TOKEN,
    JWT_SECRET,
    REST_ROOT,
    TOKEN,
    Allow,
    ApiToken,
    Endpoint,
    FakeGoobi,
)

STEPS = "/process/1/steps"


def status(caller: Any, path: str = STEPS, **headers: str) -> int:
    return int(caller.http.get(f"{REST_ROOT}{path}", headers=headers).status_code)


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def signed(claims: dict[str, Any], key: str = JWT_SECRET, algorithm: str = "HS256") -> str:
    header = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    text = f"{header}.{part(json.dumps(claims).encode())}"
    return f"{text}.{part(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())}"


def day_key(days_ago: int) -> str:
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return f"{JWT_SECRET}{int(start.timestamp() * 1000)}"


def test_nothing_shown_is_401_in_plain_text(caller: Any) -> None:
    answer = caller.http.get(f"{REST_ROOT}{STEPS}")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_token_comes_in_a_header_or_in_the_query(caller: Any) -> None:
    assert status(caller, token=TOKEN) == 200
    assert status(caller, f"{STEPS}?token={TOKEN}") == 200
    assert status(caller, token="wrong") == 401


@pytest.mark.parametrize(("netmask", "answer"), [("127.0.0.1/32", 200), ("10.0.0.0/8", 401)])
def test_the_token_is_bound_to_a_netmask(caller: Any, goobi: FakeGoobi, netmask: str, answer: int) -> None:
    goobi.rest.endpoints = [Endpoint(".*", {"get": [Allow(netmask)]})]
    assert status(caller, token=TOKEN) == answer


def test_the_address_is_taken_from_x_forwarded_for(caller: Any) -> None:
    forwarded = {"x-forwarded-for": "10.1.2.3"}
    assert status(caller, token=TOKEN, **forwarded) == 401


def test_a_blank_token_means_that_the_address_alone_decides(caller: Any, goobi: FakeGoobi) -> None:
    goobi.rest.endpoints = [Endpoint(".*", {"get": [Allow(token="")]})]
    assert status(caller) == 200


def test_the_path_expression_covers_the_whole_path_and_the_method_counts(
    caller: Any, goobi: FakeGoobi
) -> None:
    goobi.rest.endpoints = [Endpoint("/process", {"get": [Allow()]}), Endpoint(".*", {"post": [Allow()]})]
    assert status(caller, token=TOKEN) == 401
    goobi.rest.endpoints = [Endpoint("/process/.*", {"get": [Allow()]})]
    assert status(caller, token=TOKEN) == 200


def test_the_ocr_callback_needs_no_token_by_default(caller: Any) -> None:
    assert caller.http.post(f"{REST_ROOT}/plugins/ocr/1/done").status_code == 200


def test_a_basic_api_token_is_the_encoded_token_alone(caller: Any, goobi: FakeGoobi) -> None:
    encoded = base64.b64encode(API_TOKEN.encode()).decode()
    assert status(caller, authorization=f"Basic {encoded}") == 200
    as_password = base64.b64encode(f"user:{API_TOKEN}".encode()).decode()
    assert status(caller, authorization=f"Basic {as_password}") == 401
    assert status(caller, authorization="Basic ???") == 401
    goobi.rest.api_tokens = [ApiToken(methods=[("PUT", ".*"), ("GET", "/process/2/.*")])]
    assert status(caller, authorization=f"Basic {encoded}") == 401


@pytest.mark.parametrize("key", [JWT_SECRET, day_key(0), day_key(2)])
def test_a_jwt_names_path_and_methods(caller: Any, key: str) -> None:
    jwt = signed({"api_path": "/process/1/.*", "api_methods": ["GET"]}, key)
    assert status(caller, jwt=jwt) == 200
    assert status(caller, f"{STEPS}?jwt={jwt}") == 200
    assert status(caller, "/process/2/steps", jwt=jwt) == 401
    put = caller.http.put(f"{REST_ROOT}/process/1/step/11/close", headers={"jwt": jwt})
    assert put.status_code == 401


@pytest.mark.parametrize(
    "jwt",
    [
        signed({"api_path": ".*", "api_methods": ["GET"]}, "another secret"),
        signed({"api_path": ".*", "api_methods": ["GET"]}, day_key(3)),
        signed({"api_path": ".*", "api_methods": ["GET"]}, algorithm="none"),
        signed({"api_path": ".*", "api_methods": ["GET"], "exp": time.time() - 60}),
        signed({"api_path": ".*"}),
        "a.b.c",
        "nonsense",
    ],
)
def test_a_jwt_that_is_not_good_is_401(caller: Any, jwt: str) -> None:
    assert status(caller, jwt=jwt) == 401

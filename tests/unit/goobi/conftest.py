"""A fake Goobi over real HTTP, and a client for each of its dialects."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from taskmanager_testing.goobi import REST_ROOT, TOKEN, WEB_API, FakeGoobi, RunningGoobi, running_goobi


@dataclass
class Caller:
    """Calls a fake Goobi as a program on the same machine would."""

    server: RunningGoobi
    http: httpx.Client

    def wi(self, command: str, *, headers: Any = None, **parameters: str | int) -> httpx.Response:
        """A command of the classic web API by GET."""
        query = {"token": TOKEN, **parameters, "command": command}
        return self.http.get(WEB_API, params=query, headers=headers)

    def rest(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call of the REST interface with the token."""
        return self.http.request(method, f"{REST_ROOT}{path}", **{"headers": {"token": TOKEN}, **more})


@pytest.fixture
def goobi() -> FakeGoobi:
    return FakeGoobi.with_books(2)


@pytest.fixture
def caller(goobi: FakeGoobi) -> Iterator[Caller]:
    with running_goobi(goobi) as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        yield Caller(server, http)

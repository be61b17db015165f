"""Asking for something whose document cannot be read: an honest answer, as a problem or as a page."""

import pytest

from taskmanager.errors import UnreadableDocumentError
from taskmanager_gateway.http.problems import UNREADABLE

from .conftest import Gateway

ID = "00000000-0000-4000-8000-000000009999"


@pytest.mark.parametrize(
    ("read", "address"),
    [
        ("job", f"/api/v1/jobs/{ID}"),
        ("job", f"/api/v1/jobs/{ID}/log"),
        ("report", f"/api/v1/reports/{ID}"),
        ("operation", f"/api/v1/operations/{ID}"),
        ("job", f"/itm/rest/viewerpdf/info/{ID}"),
        ("job", f"/jobs/{ID}"),
    ],
)
async def test_it_is_said_that_it_cannot_be_read(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, read: str, address: str
) -> None:
    async def unreadable(_: str) -> None:
        raise UnreadableDocumentError("document is not one of ours")

    monkeypatch.setattr(gateway.reader, read, unreadable)

    answer = await gateway.client.get(address)

    assert answer.status_code == UNREADABLE.status, answer.text


async def test_a_submission_does_not_wait_for_one_that_cannot_be_read(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler decides whether its unique key is taken."""

    async def unreadable(_: str) -> None:
        raise UnreadableDocumentError("document is not one of ours")

    monkeypatch.setattr(gateway.reader, "active_by_unique", unreadable)

    assert (await gateway.submit(unique="one")).status_code == 202

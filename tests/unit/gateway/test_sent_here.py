"""What a gateway publishes is not read when it comes back, unless a submitter was not told of it."""

import pytest

from taskmanager_gateway.jobs import sent_here as module
from taskmanager_gateway.jobs.sent_here import SentHere

BODY = b"a message"


@pytest.fixture
def ours() -> SentHere:
    made = SentHere()
    made.sending(BODY)
    return made


def copy(body: bytes) -> bytes:
    """Equal bytes that are another object, as they come from the broker."""
    return bytes(bytearray(body))


def test_it_is_known_once_before_and_after_it_is_confirmed(ours: SentHere) -> None:
    assert ours.came_back(copy(BODY))
    ours.confirmed(BODY)
    assert not ours.came_back(copy(BODY)), "somebody else has sent the same"

    ours.sending(BODY)
    ours.confirmed(BODY)
    assert ours.came_back(copy(BODY))
    assert not ours.came_back(copy(BODY))


def test_messages_of_others_are_not_known(ours: SentHere) -> None:
    assert not ours.came_back(b"another message")


def test_unconfirmed_it_is_to_be_read_whether_it_has_come_back_or_comes_later(ours: SentHere) -> None:
    assert ours.came_back(copy(BODY))
    assert ours.unconfirmed(BODY)

    ours.sending(BODY)
    assert not ours.unconfirmed(BODY)
    assert not ours.came_back(copy(BODY))


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    ours = SentHere()
    for body in (b"1", b"2", b"3"):
        ours.sending(body)
        if body == b"1":
            assert ours.came_back(body)

    assert [ours.came_back(body) for body in (b"1", b"2", b"3")] == [False, True, True]
    ours.confirmed(b"1")
    assert not ours.unconfirmed(b"1"), "nothing is left of it"

"""One broker or several in `AMQP_URL`, and no secret in what is said of a wrong one."""

import pytest

from taskmanager.accounts.broker_addresses import Turns, addresses
from taskmanager.errors import PermanentError

ONE = "amqp://user:secret@one:5672/%2F?heartbeat=5"
TWO = "amqp://user:secret@two:5673/%2F?heartbeat=5"


@pytest.mark.parametrize("text", [f"{ONE},{TWO}", f"{ONE}, {TWO}", ONE.replace("5672", "5672,two:5673")])
def test_several_nodes_are_addresses_or_hosts_separated_by_commas(text: str) -> None:
    assert addresses(text) == (ONE, TWO)


def test_one_node_is_taken_as_it_is() -> None:
    assert addresses(ONE) == (ONE,)
    assert addresses("amqp://[::1]:5672,localhost") == ("amqp://[::1]:5672", "amqp://localhost")


@pytest.mark.parametrize(
    "text",
    ["", "one:5672", "http://one", "amqp://user:secret@one:port/", f"{ONE},", "amqp://u:secret@one,,two"],
)
def test_what_is_no_address_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(PermanentError) as refused:
        addresses(text)
    assert "secret" not in str(refused.value)


def test_a_node_keeps_its_turn_until_it_fails() -> None:
    turns = Turns(f"{ONE},{TWO}")
    assert turns.url == turns.url == ONE
    turns.failed()
    assert turns.url == TWO
    turns.failed()
    assert turns.url == ONE

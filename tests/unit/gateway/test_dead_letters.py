"""Dead letters over HTTP: shown, sent back, dropped."""

from datetime import UTC, datetime

from taskmanager.messages import SettleDeadLetter
from taskmanager.model.control import LetterAction, Settlement
from taskmanager.model.registry import DeadLetter

from .conftest import Gateway

NOW = datetime(2027, 1, 1, tzinfo=UTC)
LETTER = DeadLetter(
    id="abc",
    copies=2,
    queue="tm.scheduler",
    cause="rejected",
    died=NOW,
    key="jp2.events",
    user="taskmanager-runner-jp2",
    objection="1 problem(s)",
    bytes=7,
    sha256="0" * 64,
    text="no JSON",
)
FOREIGN = LETTER.model_copy(update={"id": "def", "queue": "elsewhere"})
LETTERS = "/api/v1/dead-letters"


async def test_letters_are_listed_without_their_text_and_shown_with_it(gateway: Gateway) -> None:
    wanted = Settlement(by="anna", at=NOW, action=LetterAction.DROP)
    gateway.reader.letters.known = {
        "abc": LETTER,
        "def": FOREIGN.model_copy(update={"settlement": wanted}),
    }
    listed = (await gateway.client.get(LETTERS)).json()["dead_letters"]
    assert [one["id"] for one in listed] == ["abc", "def"]
    assert "text" not in listed[0]
    assert listed[1]["settlement"]["action"] == "drop"
    shown = (await gateway.client.get(f"{LETTERS}/abc")).json()
    assert shown == {**listed[0], "text": "no JSON"}
    assert (shown["died"], shown["copies"], shown["kind"]) == ("2027-01-01T00:00:00Z", 2, None)


async def test_a_letter_is_sent_back_or_dropped_by_a_command(gateway: Gateway) -> None:
    gateway.reader.letters.known = {"abc": LETTER}
    for action in LetterAction:
        answer = await gateway.client.post(f"{LETTERS}/abc/{action.value}", json={"reason": "mended"})
        assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
    orders = [(one.order, one.reason) for one in gateway.scheduler.commands]
    assert orders == [(SettleDeadLetter(letter="abc", action=action), "mended") for action in LetterAction]


async def test_one_that_is_gone_is_unknown(gateway: Gateway) -> None:
    for answer in (
        await gateway.client.get(f"{LETTERS}/abc"),
        await gateway.client.get(f"{LETTERS}/%00"),
        await gateway.client.post(f"{LETTERS}/abc/drop"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "urn:taskmanager:problem:unknown-dead-letter",
        )
    assert gateway.scheduler.commands == []


async def test_one_that_came_from_no_inbox_can_only_be_dropped(gateway: Gateway) -> None:
    gateway.reader.letters.known = {"def": FOREIGN}
    refused = await gateway.client.post(f"{LETTERS}/def/requeue")
    assert (refused.status_code, refused.json()["code"]) == (409, "problem.of_no_inbox")
    assert (await gateway.client.post(f"{LETTERS}/def/drop")).status_code == 200

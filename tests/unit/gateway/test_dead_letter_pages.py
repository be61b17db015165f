"""The page of dead letters, over a whole gateway."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskmanager.messages import SettleDeadLetter
from taskmanager.messages.topology import Topology
from taskmanager.model.access import Role, everybody
from taskmanager.model.control import LetterAction, Settlement
from taskmanager.model.registry import LETTERS_LIMIT, TEXT_LIMIT, DeadLetter
from taskmanager_gateway.access.settings import AccessMode
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending
from taskmanager_gateway.dead_letters.service import DeadLetterService
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_gateway.web.dead_letters.letter_rows import LetterChoice, letter_list
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.reader import FakeReader

from .access import log_in, user
from .conftest import Gateway
from .test_dead_letters import LETTER, NOW

EVIL = "<script>alert(1)</script>"
ENGLISH = {"accept": "text/html", "accept-language": "en"}
GERMAN = {"accept": "text/html", "accept-language": "de"}
HTMX = {**ENGLISH, "hx-request": "true"}
ASK = "/ui/settle-dead-letters"
GUARDED = pytest.mark.parametrize("settings", [AccessMode.REQUIRED], indirect=True)


@pytest.fixture
def settings(roots: Path, request: pytest.FixtureRequest) -> GatewaySettings:
    return GatewaySettings(roots=str(roots), access=getattr(request, "param", AccessMode.OFF))


def letter(name: str, **fields: object) -> DeadLetter:
    return LETTER.model_copy(update={"id": name, "copies": 1, **fields})


def put(gateway: Gateway, *letters: DeadLetter) -> None:
    gateway.reader.letters.known = {one.id: one for one in letters}


async def shown(gateway: Gateway, address: str, headers: dict[str, str] = ENGLISH) -> str:
    answer = await gateway.client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def post(gateway: Gateway, **fields: Any) -> httpx.Response:
    return await gateway.client.post(ASK, data={"csrf": "", "reason": "", **fields}, headers=HTMX)


def orders(gateway: Gateway) -> list[tuple[str, LetterAction, str]]:
    given = [(command.order, command.reason) for command in gateway.scheduler.commands]
    return [(one.letter, one.action, why) for one, why in given if isinstance(one, SettleDeadLetter)]


async def test_without_a_letter_the_page_says_so_and_neither_menu_nor_home_page_counts(
    gateway: Gateway,
) -> None:
    page = await shown(gateway, "/dead-letters")
    assert "None: every message to the scheduler was usable." in page
    assert "menu-dead-letters" not in page
    assert "the scheduler could not use" not in await shown(gateway, "/ui/home")


async def test_menu_home_page_and_page_say_how_many_messages_lie_there(gateway: Gateway) -> None:
    put(gateway, letter("a", copies=2), letter("b", kind="events"))
    page = await shown(gateway, "/dead-letters")
    assert "3 messages lie there." in page
    assert re.search(r'id="menu-dead-letters">3<', page)
    assert "3 Nachrichten liegen dort." in await shown(gateway, "/ui/dead-letters", GERMAN)
    assert re.search(r'id="menu-dead-letters">3<', await shown(gateway, "/ui/menu"))
    assert "the scheduler could not use 3 messages." in await shown(gateway, "/ui/home")


async def test_what_a_message_says_is_text_wherever_it_is_shown(gateway: Gateway) -> None:
    evil = letter("a", kind=EVIL, cause=EVIL, key=EVIL, user=EVIL, queue=EVIL, objection=EVIL, text=EVIL * 3)
    put(gateway, evil)
    for address in ("/dead-letters", "/ui/dead-letters", "/ui/dead-letters/a", f"{ASK}?action=drop&letter=a"):
        assert EVIL not in await shown(gateway, address), address
    details = unescape(await shown(gateway, "/ui/dead-letters/a"))
    assert EVIL * 3 in details
    assert "only the beginning is kept" not in details


async def test_a_text_of_which_only_the_beginning_is_kept_says_so(gateway: Gateway) -> None:
    put(gateway, letter("a", text="x" * TEXT_LIMIT, bytes=TEXT_LIMIT + 5))
    assert "only the beginning is kept" in await shown(gateway, "/ui/dead-letters/a")


async def test_the_pop_up_of_a_letter_that_is_gone_is_an_error(gateway: Gateway) -> None:
    answer = await gateway.client.get("/ui/dead-letters/gone", headers=HTMX)
    assert answer.status_code == 404
    assert "Nothing of it is left." in await shown(gateway, f"{ASK}?action=drop&letter=gone")


async def test_one_from_no_inbox_of_today_is_offered_to_drop_but_not_to_send_back(gateway: Gateway) -> None:
    put(gateway, letter("a", queue="elsewhere"))
    details = await shown(gateway, "/ui/dead-letters/a")
    assert "action=drop&amp;letter=a" in details
    assert "action=requeue" not in details
    refused = await shown(gateway, f"{ASK}?action=requeue&letter=a")
    assert "can only be dropped" in refused
    assert "<form" not in refused


async def test_all_of_a_kind_are_asked_about_with_their_number_and_no_other(gateway: Gateway) -> None:
    wanted = Settlement(by="anna", at=NOW, action=LetterAction.DROP)
    put(
        gateway,
        letter("a", kind="events", copies=4),
        letter("b", kind="events", queue="elsewhere"),
        letter("c", kind="events", settlement=wanted),
        letter("d", kind="events", cause="expired"),
        letter("e", kind=None),
    )
    asked = await shown(gateway, f"{ASK}?action=requeue&kind=events&cause=rejected")
    assert re.findall(r'name="letter" value="(\w+)"', asked) == ["a"]
    assert "4 messages go back to the scheduler." in asked
    assert "One other cannot go back" in asked
    unreadable = await shown(gateway, f"{ASK}?action=drop&kind=&cause=rejected")
    assert re.findall(r'name="letter" value="(\w+)"', unreadable) == ["e"]
    assert "One message is removed for good" in unreadable


async def test_exactly_those_that_were_confirmed_are_settled_each_with_a_command_of_its_own(
    gateway: Gateway,
) -> None:
    put(gateway, letter("a"), letter("b"), letter("came-later"), letter("foreign", queue="elsewhere"))
    answer = await post(
        gateway, action="requeue", letter=["a", "b", "a", "gone", "foreign"], reason="account mended"
    )
    assert answer.status_code == 204
    assert "within seconds" in answer.headers["hx-trigger"]
    assert sorted(orders(gateway)) == [
        ("a", LetterAction.REQUEUE, "account mended"),
        ("b", LetterAction.REQUEUE, "account mended"),
    ]


async def test_when_none_of_them_is_left_nothing_is_ordered(gateway: Gateway) -> None:
    put(gateway, letter("b"))
    assert (await post(gateway, action="drop", letter=["a"])).status_code == 404
    for letters in ([], ["x"] * (LETTERS_LIMIT + 1)):
        assert (await post(gateway, action="drop", letter=letters)).status_code == 422
    assert orders(gateway) == []


@GUARDED
async def test_an_admin_of_some_plugins_has_neither_page_nor_entry(
    gateway: Gateway, access: FakeAccess
) -> None:
    access.put_user(user("all", Role.ADMIN))
    access.put_user(user("some", Role.ADMIN, plugins=("noop",)))
    access.put_user(user("operator", Role.OPERATOR))
    gateway.services.access.directory.forget()
    put(gateway, letter("a"))
    for name, entries in (("all", 1), ("some", 0), ("operator", 0)):
        gateway.client.cookies.clear()
        await log_in(gateway, name)
        assert (await shown(gateway, "/")).count('href="/dead-letters"') == 2 * entries, name
        assert (await shown(gateway, "/ui/menu")).count('href="/dead-letters"') == entries, name
        answer = await gateway.client.get("/dead-letters", headers=ENGLISH)
        assert answer.status_code == (200 if entries else 403), name


async def test_a_command_that_is_only_kept_is_what_the_reader_hears_of() -> None:
    reader = FakeReader()
    reader.letters.known = {name: letter(name) for name in ("a", "b")}

    class Slow:
        async def command(self, order: SettleDeadLetter, _: Author) -> CommandDone | CommandPending:
            return CommandDone("1", "done") if order.letter == "a" else CommandPending("2")

    use = DeadLetterService(reader, Slow(), Topology())  # type: ignore[arg-type]  # this method is all that is used
    author = Author(everybody())
    assert await use.settle_all(["a", "b"], LetterAction.DROP, author) == CommandPending("2")
    assert await use.settle_all(["a"], LetterAction.DROP, author) == CommandDone("1", "done")


def test_groups_are_of_one_kind_and_cause_and_say_from_when_to_when() -> None:
    later = NOW + timedelta(hours=1)
    wanted = Settlement(by="anna", at=NOW, action=LetterAction.DROP)
    found = letter_list(
        [
            letter("a", kind="events", copies=3),
            letter("b", kind=None, died=None, settlement=wanted),
            letter("c", kind="events", died=later),
        ]
    )
    assert [(one.kind, one.count, one.oldest, one.newest, one.open) for one in found.groups] == [
        (None, 1, None, None, False),
        ("events", 4, NOW, later, True),
    ]
    assert (found.count, found.more) == (5, False)
    assert letter_list([letter("a", copies=LETTERS_LIMIT)]).more


def test_one_letter_can_be_chosen_again_though_somebody_has_decided() -> None:
    wanted = Settlement(by="anna", at=NOW, action=LetterAction.DROP)
    one = letter("a", settlement=wanted)
    assert LetterChoice(action=LetterAction.REQUEUE, letter="a").among([one]) == [one]
    assert LetterChoice(action=LetterAction.REQUEUE, cause="rejected").among([one]) == []

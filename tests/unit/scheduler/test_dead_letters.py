"""What is shown of dead letters, and how operators' orders about them are carried out."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs
from tests.unit.scheduler.reading import reader

from taskmanager.accounts.broker_users import BrokerUsers
from taskmanager.errors import BrokerUnavailableError, InvalidMessageError
from taskmanager.messages import Command, Redelivered, SettleDeadLetter, Tick, TokensUsed, decode_inbox
from taskmanager.messages.topology import Topology
from taskmanager.model.control import LetterAction, Settlement
from taskmanager.model.registry import TEXT_LIMIT, DeadLetter
from taskmanager.ports.broker import Delivery, FoundLetter
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.inbox.letter_keeper import LetterKeeper
from taskmanager_scheduler.inbox.letters import letter_of, opened
from taskmanager_scheduler.inbox.senders import NotBelievedError, Senders
from taskmanager_testing.dead_letters import MemoryDeadLetters
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.store import MemoryStore

NOW = datetime(2027, 1, 1, tzinfo=UTC)
TOPOLOGY = Topology(partitions=2)
USERS = BrokerUsers()
SENDERS = {inbox.name: Senders(TOPOLOGY, USERS, number) for number, inbox in enumerate(TOPOLOGY.inboxes)}
INBOX, OTHER_INBOX = (inbox.name for inbox in TOPOLOGY.inboxes)
USES = TokensUsed(uses={"token-1": NOW}).encode()
EXPIRED = FoundLetter(USES, TOPOLOGY.command_key, USERS.gateway, INBOX, "expired", NOW)
GARBAGE = FoundLetter(b"\xff no message", "sleep.events", USERS.runner("sleep"), INBOX, "rejected", NOW)
FOREIGN = FoundLetter(USES, TOPOLOGY.command_key, USERS.gateway, "somebody-elses", "maxlen")


def shown(found: FoundLetter) -> DeadLetter:
    return letter_of(found, SENDERS)


def test_a_letter_says_what_it_is_and_what_speaks_against_it() -> None:
    assert (shown(EXPIRED).kind, shown(EXPIRED).objection) == ("tokens_used", None)
    assert shown(GARBAGE).kind is None
    assert "problem(s)" in (shown(GARBAGE).objection or "")
    assert shown(GARBAGE).text == "\N{REPLACEMENT CHARACTER} no message"
    assert "no inbox" in (shown(FOREIGN).objection or "")
    strange = FoundLetter(USES, TOPOLOGY.command_key, USERS.runner("sleep"), INBOX)
    assert USERS.runner("sleep") in (shown(strange).objection or "")
    other = FoundLetter(USES, TOPOLOGY.command_key, USERS.gateway, OTHER_INBOX)
    assert TOPOLOGY.command_key_of(1) in (shown(other).objection or "")


def test_only_the_beginning_of_a_long_letter_is_shown() -> None:
    long = FoundLetter(b"x" * (TEXT_LIMIT + 1), "key")
    assert (shown(long).bytes, len(shown(long).text)) == (TEXT_LIMIT + 1, TEXT_LIMIT)


def test_the_same_content_of_another_origin_is_another_letter() -> None:
    ids = {shown(one).id for one in (EXPIRED, GARBAGE, FOREIGN)}
    assert len(ids) == 3
    assert shown(EXPIRED).id == shown(FoundLetter(USES, EXPIRED.key, EXPIRED.user, INBOX, "rejected")).id


def test_a_letter_that_was_sent_back_in_vain_is_shown_as_it_was_first() -> None:
    again = Redelivered.of(GARBAGE.body, GARBAGE.key, GARBAGE.user).encode()
    twice = Redelivered.of(again, TOPOLOGY.tick_key, USERS.scheduler).encode()
    found = FoundLetter(twice, TOPOLOGY.tick_key, USERS.scheduler, INBOX, "rejected", NOW)
    assert opened(found) == GARBAGE


def test_a_letter_that_comes_back_is_read_and_believed_as_when_it_first_came() -> None:
    senders = SENDERS[INBOX]
    tick, scheduler = TOPOLOGY.tick_key, USERS.scheduler
    back = Redelivered.of(USES, TOPOLOGY.command_key, USERS.gateway).encode()
    assert senders.read(back, tick, scheduler) == decode_inbox(USES)
    forged = Redelivered.of(USES, TOPOLOGY.command_key, USERS.runner("sleep")).encode()
    with pytest.raises(NotBelievedError):
        senders.read(forged, tick, scheduler)
    with pytest.raises(NotBelievedError):
        senders.read(back, tick, USERS.gateway)
    with pytest.raises(NotBelievedError):
        senders.read(back, TOPOLOGY.command_key, USERS.gateway)
    with pytest.raises(InvalidMessageError):
        senders.read(Redelivered.of(b"{}", "key", None).encode(), tick, scheduler)


async def test_the_inbox_takes_the_message_that_comes_back() -> None:
    made = reader(1, USERS)
    body = Redelivered.of(Tick(scheduler="s").encode(), Topology().tick_key, USERS.scheduler).encode()
    made.deliver(Delivery(body, Topology().tick_key, 1, 1, user=USERS.scheduler))
    assert [message for _, message in await made.next_group()] == [Tick(scheduler="s")]


def decide_on(command: Command, snapshot: Snapshot) -> Decision:
    return decide([command], snapshot, NOW)


async def test_an_order_is_kept_with_the_letter_and_audited() -> None:
    store = MemoryStore()
    await store.letters.keep([shown(EXPIRED)])
    for letter in (shown(EXPIRED).id, "gone"):
        order = SettleDeadLetter(letter=letter, action=LetterAction.REQUEUE)
        command = Command(id=letter, gateway="g", actor="anna", reason="mended", at=NOW, order=order)
        await store.apply(needs_of([command]), partial(decide_on, command))
    wanted = Settlement(by="anna", at=NOW, reason="mended", action=LetterAction.REQUEUE)
    assert await store.letters.ordered() == {shown(EXPIRED).id: wanted}
    assert [entry.asked.code for entry in store.audit.values()] == ["deed.requeue_dead_letter"] * 2


class Letters:
    """A queue of dead letters in memory."""

    def __init__(self, *letters: FoundLetter) -> None:
        self.letters = list(letters)
        self.passes = 0
        self.hidden = 0
        """How many of the last ones somebody else has fetched for the moment."""

    async def waiting(self) -> int:
        return len(self.letters)

    async def go_through(self, remove: Callable[[FoundLetter], Awaitable[bool]], most: int) -> None:
        self.passes += 1
        for letter in self.letters[: min(most, len(self.letters) - self.hidden)]:
            if await remove(letter):
                self.letters.remove(letter)


class Scene:
    """A keeper over parts in memory."""

    def __init__(self, *letters: FoundLetter) -> None:
        self.queue, self.store, self.publisher = Letters(*letters), MemoryDeadLetters(), FakePublisher()
        self.active = True
        self.keeper = LetterKeeper(
            self.queue,
            self.store,
            self.publisher,
            TOPOLOGY,
            SENDERS,
            active=lambda: self.active,
            interval=timedelta(seconds=1),
        )

    def order(self, letter: FoundLetter, action: LetterAction) -> None:
        self.store.order(shown(letter).id, Settlement(by="anna", at=NOW, action=action))


async def test_the_store_has_what_waits_and_how_many_copies() -> None:
    scene = Scene(EXPIRED, GARBAGE, EXPIRED)
    await scene.keeper.run_once()
    assert {one.id: one.copies for one in scene.store.known.values()} == {
        shown(EXPIRED).id: 2,
        shown(GARBAGE).id: 1,
    }


async def test_nothing_is_fetched_while_nothing_changes_or_it_is_anothers_turn() -> None:
    scene = Scene(EXPIRED)
    await scene.keeper.run_once()
    await scene.keeper.run_once()
    assert scene.queue.passes == 1
    scene.active = False
    scene.queue.letters.clear()
    await scene.keeper.run_once()
    assert (scene.queue.passes, len(scene.store.known)) == (1, 1)
    scene.active = True
    await scene.keeper.run_once()
    assert (scene.queue.passes, scene.store.known) == (2, {})


async def test_a_requeued_letter_goes_back_to_its_inbox_as_it_was_with_all_copies() -> None:
    other = FoundLetter(USES, TOPOLOGY.command_key_of(1), USERS.gateway, OTHER_INBOX)
    scene = Scene(EXPIRED, GARBAGE, EXPIRED, other)
    await scene.keeper.run_once()
    scene.order(EXPIRED, LetterAction.REQUEUE)
    scene.order(other, LetterAction.REQUEUE)
    with capture_logs() as logs:
        await scene.keeper.run_once()
    assert scene.queue.letters == [GARBAGE]
    assert list(scene.store.known) == [shown(GARBAGE).id]
    sent = [(one.exchange, one.key, one.persistent, one.mandatory) for one in scene.publisher.messages]
    keys = [TOPOLOGY.tick_key_of(number) for number in (0, 0, 1)]
    assert sent == [(TOPOLOGY.events, key, True, True) for key in keys]
    read = [decode_inbox(one.body) for one in scene.publisher.messages]
    assert read[0] == Redelivered.of(USES, TOPOLOGY.command_key, USERS.gateway)
    assert [one["action"] for one in logs] == ["requeue"] * 3


async def test_a_look_that_misses_letters_counts_for_nothing() -> None:
    scene = Scene(EXPIRED, GARBAGE)
    await scene.keeper.run_once()
    scene.order(GARBAGE, LetterAction.DROP)
    scene.queue.hidden = 2
    await scene.keeper.run_once()
    assert len(scene.store.known) == 2
    assert await scene.store.ordered()
    scene.queue.hidden = 0
    await scene.keeper.run_once()
    assert scene.queue.letters == [EXPIRED]


async def test_a_letter_that_comes_back_at_once_is_sent_back_once() -> None:
    scene = Scene(GARBAGE, EXPIRED)
    scene.publisher = FakePublisher(lambda _: scene.queue.letters.append(GARBAGE))
    scene.keeper._publisher = scene.publisher
    await scene.keeper.run_once()
    scene.order(GARBAGE, LetterAction.REQUEUE)
    await scene.keeper.run_once()
    assert (len(scene.publisher.messages), scene.queue.letters) == (1, [EXPIRED, GARBAGE])
    await scene.keeper.run_once()
    assert len(scene.publisher.messages) == 1
    assert scene.store.known[shown(GARBAGE).id].settlement is None


async def test_a_dropped_letter_goes_nowhere() -> None:
    scene = Scene(EXPIRED, GARBAGE)
    await scene.keeper.run_once()
    scene.order(GARBAGE, LetterAction.DROP)
    await scene.keeper.run_once()
    assert (scene.queue.letters, scene.publisher.messages) == ([EXPIRED], [])


async def test_a_letter_stays_with_its_order_while_the_broker_is_away() -> None:
    scene = Scene(EXPIRED)
    await scene.keeper.run_once()
    scene.order(EXPIRED, LetterAction.REQUEUE)
    scene.publisher.available = False
    with pytest.raises(BrokerUnavailableError):
        await scene.keeper.run_once()
    assert scene.queue.letters == [EXPIRED]
    scene.publisher.available = True
    await scene.keeper.run_once()
    assert (scene.queue.letters, len(scene.publisher.messages)) == ([], 1)


@pytest.mark.parametrize("letter", [FOREIGN, EXPIRED])
async def test_a_letter_that_no_inbox_takes_stays_and_its_order_is_given_up(letter: FoundLetter) -> None:
    scene = Scene(letter)
    await scene.keeper.run_once()
    scene.publisher.routable = False
    scene.order(letter, LetterAction.REQUEUE)
    with capture_logs() as logs:
        await scene.keeper.run_once()
    assert scene.queue.letters == [letter]
    assert scene.store.known[shown(letter).id].settlement is None
    assert [one["log_level"] for one in logs] == ["error"]

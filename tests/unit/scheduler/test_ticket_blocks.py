"""How many tickets share a message: what all runners of a plugin want, and one where that is not known."""

from datetime import timedelta

from taskmanager.messages import RunnerEvents
from taskmanager_scheduler.effects.ticket_blocks import BlockSizes, in_blocks
from taskmanager_scheduler.jobs.effects import SendTicket

ACQUAINTED = timedelta(seconds=15)


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def events(runner: str, tickets: int | None, plugin: str = "noop") -> RunnerEvents:
    return RunnerEvents(plugin=plugin, runner=runner, instance="i", events=(), tickets_a_message=tickets)


def acquainted(*said: RunnerEvents) -> tuple[BlockSizes, Clock]:
    clock = Clock()
    sizes = BlockSizes(ACQUAINTED, clock)
    for one in said:
        sizes.heard(one)
    clock.now += ACQUAINTED.total_seconds()
    for one in said:
        sizes.heard(one)
    return sizes, clock


def test_the_runner_that_wants_the_fewest_decides() -> None:
    sizes, _ = acquainted(events("r1", 16), events("r2", 4), events("r3", 16, plugin="other"))

    assert (sizes.of("noop"), sizes.of("other"), sizes.of("unknown")) == (4, 16, 1)


def test_a_runner_that_says_nothing_gets_tickets_alone_as_an_earlier_release_can_read_them() -> None:
    assert acquainted(events("r1", 16), events("old", None))[0].of("noop") == 1


def test_what_a_runner_wanted_is_forgotten_when_its_lease_would_have_ended() -> None:
    sizes, clock = acquainted(events("gone", 2))
    clock.now += 50
    sizes.heard(events("r1", 16))
    assert sizes.of("noop") == 2
    clock.now += 20
    sizes.heard(events("r1", 16))
    assert sizes.of("noop") == 16


def test_a_scheduler_sends_tickets_alone_until_it_has_heard_from_every_runner() -> None:
    clock = Clock()
    sizes = BlockSizes(ACQUAINTED, clock)
    sizes.heard(events("r1", 16))
    assert sizes.of("noop") == 1

    clock.now += 1_000  # another scheduler has the inbox meanwhile
    sizes.heard(events("r1", 16))
    assert sizes.of("noop") == 1
    clock.now += ACQUAINTED.total_seconds()
    assert sizes.of("noop") == 16


def test_tickets_of_a_block_have_one_plugin_and_one_priority_and_keep_their_order() -> None:
    def ticket(job: str, priority: int = 5, plugin: str = "noop") -> SendTicket:
        return SendTicket(plugin, job, 1, priority, owed=False)

    tickets = [ticket("a"), ticket("b", 9), ticket("c"), ticket("d"), ticket("e", plugin="jp2"), ticket("f")]
    blocks = in_blocks(tickets, {"noop": 3, "jp2": 1}.__getitem__)

    assert [[one.job for one in block] for block in blocks] == [["a", "c", "d"], ["f"], ["b"], ["e"]]

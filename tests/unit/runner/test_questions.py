"""Which open question a delivered ticket belongs to."""

from datetime import timedelta

from tests.unit.runner.tickets import ticket_delivery

from taskmanager.messages import TicketReference
from taskmanager_plugin_runner.messaging.outbox import OutboxEvent
from taskmanager_plugin_runner.messaging.questions import Question, Questions


class Sent:
    """What was put into the outbox."""

    def __init__(self) -> None:
        self.events: list[OutboxEvent] = []

    def put(self, event: OutboxEvent, confirmed: object = None) -> None:
        assert confirmed is None
        self.events.append(event)


def never(_: Question) -> None:
    raise AssertionError("no question is given up here")


def asked(*tags: int) -> Questions:
    """One open question for each of these deliveries of the same ticket, as when it was doubled."""
    made = Questions(Sent(), timedelta(minutes=1), never)
    for lane, tag in enumerate(tags):
        made.ask(lane, ticket_delivery(tag))
    return made


async def test_a_ticket_on_a_new_channel_belongs_to_its_open_question() -> None:
    questions = asked(7)

    assert questions.redelivered(3, ticket_delivery(1, generation=2))

    (question,) = questions.open()
    assert (question.lane, question.delivery.generation) == (3, 2)


async def test_a_doubled_ticket_on_the_same_channel_is_a_question_of_its_own() -> None:
    assert not asked(7).redelivered(3, ticket_delivery(8))


async def test_of_doubled_tickets_each_is_found_once_until_it_is_closed() -> None:
    questions = asked(7, 8)
    first, second = questions.open()

    assert questions.redelivered(0, ticket_delivery(1, generation=2))
    assert questions.redelivered(1, ticket_delivery(2, generation=2))
    assert not questions.redelivered(2, ticket_delivery(3, generation=2))
    assert {first.delivery.tag, second.delivery.tag} == {1, 2}

    questions.close(first)
    assert questions.redelivered(0, ticket_delivery(1, generation=3))
    questions.close(second)
    assert not questions.redelivered(0, ticket_delivery(1, generation=4))
    assert questions.open() == []


async def test_another_dispatch_of_the_job_is_another_question() -> None:
    assert not asked(7).redelivered(0, ticket_delivery(1, 2, TicketReference(job="1", dispatch=2)))

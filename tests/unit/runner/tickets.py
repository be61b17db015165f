"""Tickets as a runner's claims get them."""

from taskmanager.messages import Ticket, TicketReference
from taskmanager.ports.broker import Delivery
from taskmanager_plugin_runner.messaging.ticket_blocks import TicketBlocks, TicketDelivery
from taskmanager_testing.lanes import FakeLanes

TICKET = TicketReference(job="1", dispatch=1)


def ticket_delivery(tag: int = 1, generation: int = 1, ticket: TicketReference = TICKET) -> TicketDelivery:
    """As `TicketBlocks` hands out the only ticket of a message."""
    lanes, handed_out = FakeLanes(), list[TicketDelivery]()
    TicketBlocks(lanes, "noop").on_ticket = lambda _, one: handed_out.append(one)
    lanes.on_ticket(0, Delivery(Ticket(**ticket.model_dump()).encode(), "0", tag, generation))
    return handed_out[0]

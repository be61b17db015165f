"""A reader of the inbox, shared by the tests of what it reads."""

from collections.abc import Sequence
from datetime import timedelta

from taskmanager.accounts.broker_users import BrokerUsers
from taskmanager.messages.topology import Topology
from taskmanager_scheduler.effects.early_tickets import EarlyTickets
from taskmanager_scheduler.effects.ticket_blocks import BlockSizes
from taskmanager_scheduler.inbox.group_reader import GroupReader
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_scheduler.jobs.effects import SendTicket


async def no_ticket(_: Sequence[SendTicket]) -> frozenset[SendTicket]:
    """Sends nothing."""
    return frozenset()


def reader(limit: int = 100, users: BrokerUsers | None = None) -> GroupReader:
    """Reads messages for the topology of the tests, and sends no ticket early."""
    return GroupReader(
        limit, Senders(Topology(), users), EarlyTickets(no_ticket, 0), BlockSizes(timedelta(0))
    )

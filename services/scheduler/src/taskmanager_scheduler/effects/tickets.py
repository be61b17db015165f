"""The notes in the store that tickets are owed: cleared once they are sent, made if one could not be sent."""

from collections.abc import Sequence

from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Needs, Snapshot, Store
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import GroupState
from taskmanager_scheduler.jobs.effects import Effect, SendTicket
from taskmanager_scheduler.jobs.events import Ticketed, TicketNotSent


async def note_tickets(
    store: Store, clock: Clock, effects: Sequence[Effect], sent: Sequence[SendTicket]
) -> None:
    """Make the notes match what of these effects is confirmed as sent; raises StoreUnavailableError.

    Costs a transaction only if one was owed or could not be sent: a new job's ticket is neither.
    """
    confirmed = frozenset(sent)
    tickets = [one for one in effects if isinstance(one, SendTicket) and one.owed == (one in confirmed)]
    if not tickets:
        return

    def note(snapshot: Snapshot) -> Decision:
        group = GroupState(snapshot, clock.now())
        for one in tickets:
            group.move(one.job, Ticketed(one.dispatch) if one.owed else TicketNotSent(one.dispatch))
        return group.decision()

    await store.apply(Needs(jobs=frozenset(ticket.job for ticket in tickets)), note)

"""What the scheduler keeps of the dead letters, for gateways to show. Orders come with `store.Plan`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from taskmanager.model.control import Settlement
from taskmanager.model.registry import DeadLetter


class DeadLetterStore(Protocol):
    """Every call may raise StoreUnavailableError."""

    async def ordered(self) -> Mapping[str, Settlement]:
        """The letters that are to be settled, by id."""

    async def keep(self, letters: Sequence[DeadLetter], *, not_possible: Collection[str] = ()) -> None:
        """Make these the known letters, with the orders that they have, except for those not possible."""

"""What is kept of dead letters, in memory, with the full contract."""

from collections.abc import Callable, Collection, Mapping, Sequence

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.control import Settlement
from taskmanager.model.registry import DeadLetter


class MemoryDeadLetters:
    """Implements `taskmanager.ports.dead_letter_store.DeadLetterStore`."""

    def __init__(self, away: Callable[[], bool] = lambda: False) -> None:
        """While `away` says so, every call fails."""
        self.known: dict[str, DeadLetter] = {}
        self._away = away

    def order(self, letter: str, wanted: Settlement) -> None:
        """What a plan says; a letter that is not known is none to settle."""
        if letter in self.known:
            self.known[letter] = self.known[letter].model_copy(update={"settlement": wanted})

    def oldest_first(self) -> list[DeadLetter]:
        """All of them, as gateways list them; those of unknown age come first."""
        return sorted(self.known.values(), key=lambda one: (one.died is not None, one.died, one.id))

    async def ordered(self) -> Mapping[str, Settlement]:
        """See the port."""
        self._answer()
        return {key: one.settlement for key, one in self.known.items() if one.settlement is not None}

    async def keep(self, letters: Sequence[DeadLetter], *, not_possible: Collection[str] = ()) -> None:
        """See the port."""
        self._answer()
        orders = {key: one for key, one in (await self.ordered()).items() if key not in not_possible}
        self.known = {one.id: one.model_copy(update={"settlement": orders.get(one.id)}) for one in letters}

    def _answer(self) -> None:
        if self._away():
            message = "the store is away"
            raise StoreUnavailableError(message)

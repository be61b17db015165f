"""What an engine is to the orchestrator: something that starts and ends runners and tells what there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from taskmanager.errors import PermanentError, TemporaryError
from taskmanager.model.replicas import ReplicaState


class EngineUnavailableError(TemporaryError):
    """The engine does not answer as it should; nothing is known about its runners."""


class StartRefusedError(PermanentError):
    """The engine cannot start this runner: a wrong image, a missing folder, no memory. The text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A runner that the engine has, whether running or ended.

    Attributes:
        name: of the replica, as given to `start`.
        runner: the id under which the runner says hello.
        state: FAILING if it has ended.
        detail: what the engine says about its end.
    """

    plugin: str
    name: str
    runner: str
    state: ReplicaState
    detail: str = ""


class Engine(Protocol):
    """Starts, ends and lists runners; knows only those that it has started for this place itself.

    Every call raises EngineUnavailableError if the engine does not answer. All but `look` may be repeated.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def last_only(self) -> bool:
        """Whether runners can only be added and removed at the end of the list."""

    async def look(self) -> Sequence[Found]:
        """All runners of this place, in a stable order."""

    async def start(self, plugin: str, name: str) -> None:
        """Start a runner of the plugin; raises StartRefusedError."""

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """Ask them to end; returns before they have."""

    async def kill(self, plugin: str, name: str) -> None:
        """End it at once: it was asked long ago."""

    async def remove(self, plugin: str, name: str) -> None:
        """Remove what is left of a runner that has ended."""

    async def close(self) -> None:
        """Close connections; the runners go on."""

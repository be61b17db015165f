"""No engine: a place that is only there to be seen."""

from collections.abc import Sequence

from taskmanager_orchestrator.port import Found, StartRefusedError


class NoEngine:
    """Implements `taskmanager_orchestrator.port.Engine` without any runner."""

    name = "none"
    last_only = False

    async def look(self) -> Sequence[Found]:
        """See the port."""
        return ()

    async def start(self, plugin: str, name: str) -> None:
        """See the port; always raises StartRefusedError."""
        raise StartRefusedError(f"this place starts no runners: {name} of {plugin} is left to its operators")

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """There is nothing to stop."""

    async def kill(self, plugin: str, name: str) -> None:
        """There is nothing to kill."""

    async def remove(self, plugin: str, name: str) -> None:
        """There is nothing to remove."""

    async def close(self) -> None:
        """There is nothing to close."""

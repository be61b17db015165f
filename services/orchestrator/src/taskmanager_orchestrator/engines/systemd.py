"""Template units of systemd, over D-Bus: `taskmanager-runner-jp2@.service` is started once for each runner.

An instance is ours if it belongs to a unit of the file and its name begins with that of the place. Let the
unit have `Restart=no`: a runner that ends is started again by the orchestrator, after a wait.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.unpack import unpack_variants

from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.port import EngineUnavailableError, Found, StartRefusedError
from taskmanager_orchestrator.templates import SystemdTemplate

SERVICE, ROOT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
MANAGER, UNIT, OF_SERVICES = f"{SERVICE}.Manager", f"{SERVICE}.Unit", f"{SERVICE}.Service"
PROPERTIES = "org.freedesktop.DBus.Properties"
TIMEOUT_SECONDS = 10.0
_STATES = {
    "active": ReplicaState.RUNNING,
    "reloading": ReplicaState.RUNNING,
    "activating": ReplicaState.STARTING,
    "deactivating": ReplicaState.STOPPING,
}
"""Every other word stands for a unit that has ended, unless a job of systemd is about to start it."""
INACTIVE = "inactive"
"""The word for a unit that has ended well, or not begun yet; systemd forgets it soon."""
_BEGINNING = frozenset({"start", "restart", "reload-or-start"})
"""Types of jobs after which a unit runs."""
NO_SUCH_UNIT = f"{SERVICE}.NoSuchUnit"


def state_of(active: str, job: str) -> ReplicaState:
    """The state of a unit with this `ActiveState` and this type of job waiting for it, if any."""
    if active not in _STATES and job in _BEGINNING:
        return ReplicaState.STARTING
    return _STATES.get(active, ReplicaState.FAILING)


class SystemdEngine:
    """Implements `taskmanager_orchestrator.port.Engine` with instances of template units."""

    name = "systemd"
    last_only = False

    def __init__(self, address: str, place: str, templates: Mapping[str, SystemdTemplate]) -> None:
        """Connects when first used."""
        self._address, self._place = address, place
        self._stems = {plugin: one.unit.removesuffix(".service") for plugin, one in templates.items()}
        self._bus: MessageBus | None = None
        self._known: dict[str, str] = {}
        """The plugin of each runner that was seen and not removed: systemd forgets units that ended well."""

    async def look(self) -> Sequence[Found]:
        """See the port."""
        patterns = [f"{stem}{self._place}.*.service" for stem in self._stems.values()]
        units = await self._ask("ListUnitsByPatterns", "asas", [[], patterns]) if patterns else []
        found = {one.name: one for unit in units if (one := await self._found(unit)) is not None}
        for name, plugin in self._known.items():
            if name not in found:
                found[name] = Found(plugin, name, name, ReplicaState.FAILING, "exit code 0")
        self._known = {name: one.plugin for name, one in found.items()}
        return [found[name] for name in sorted(found)]

    async def start(self, plugin: str, name: str) -> None:
        """See the port."""
        unit = self._unit(plugin, name)
        if unit is None:
            raise StartRefusedError(f"there is no template for {plugin}")
        try:
            await self._call("StartUnit", "ss", [unit, "fail"])
        except DBusError as error:
            raise StartRefusedError(f"{unit}: {error.text}") from error
        self._known[name] = plugin

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """See the port."""
        for name in names:
            await self._tell(plugin, name, "StopUnit", "ss", "replace")

    async def kill(self, plugin: str, name: str) -> None:
        """See the port; systemd itself kills what does not end within the unit's TimeoutStopSec."""
        await self._tell(plugin, name, "KillUnit", "ssi", "all", 9)

    async def remove(self, plugin: str, name: str) -> None:
        """See the port; one that runs is left alone."""
        ended = {one.name for one in await self.look() if one.state is ReplicaState.FAILING}
        if self._known.get(name) == plugin and name in ended:
            await self._tell(plugin, name, "ResetFailedUnit", "s")
            self._known.pop(name, None)

    async def close(self) -> None:
        """See the port."""
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    def _unit(self, plugin: str, name: str) -> str | None:
        """The unit of a runner of this place; None if there is no template for the plugin."""
        stem = self._stems.get(plugin)
        return None if stem is None else f"{stem}{name}.service"

    async def _tell(self, plugin: str, name: str, method: str, signature: str, *more: object) -> None:
        """Call a method about one of our units; one that systemd does not know any more needs nothing."""
        unit = self._unit(plugin, name)
        if unit is None or not name.startswith(f"{self._place}."):
            return
        try:
            await self._call(method, signature, [unit, *more])
        except DBusError as error:
            if error.type != NO_SUCH_UNIT:
                raise EngineUnavailableError(f"{self.name}: {error.text}") from error

    async def _found(self, unit: Sequence[Any]) -> Found | None:
        """A unit of the list as a runner; None if it is of another place, or only being forgotten."""
        unit_name, active, path, job = str(unit[0]), str(unit[3]), str(unit[6]), str(unit[8])
        for plugin, stem in self._stems.items():
            if not unit_name.startswith(stem):
                continue
            name = unit_name.removeprefix(stem).removesuffix(".service")
            if not name.startswith(f"{self._place}.{plugin}."):
                continue
            state = state_of(active, job)
            if active == INACTIVE and state is ReplicaState.FAILING and name not in self._known:
                return None  # a call about a unit that has ended lets systemd know it for a moment
            detail = await self._ending(path) if state is ReplicaState.FAILING else ""
            return Found(plugin, name, name, state, detail)
        return None

    async def _ending(self, path: str) -> str:
        """What systemd says about the end of a service."""
        result = await self._ask("Get", "ss", [OF_SERVICES, "Result"], path=path, interface=PROPERTIES)
        code = await self._ask("Get", "ss", [OF_SERVICES, "ExecMainStatus"], path=path, interface=PROPERTIES)
        return f"{result}, exit code {code}" if result != "success" else f"exit code {code}"

    async def _ask(
        self, method: str, signature: str, body: list[Any], *, path: str = ROOT, interface: str = MANAGER
    ) -> Any:
        """The value that is answered; raises EngineUnavailableError."""
        try:
            return await self._call(method, signature, body, path=path, interface=interface)
        except DBusError as error:
            raise EngineUnavailableError(f"{self.name}: {error.text}") from error

    async def _call(
        self, method: str, signature: str, body: list[Any], *, path: str = ROOT, interface: str = MANAGER
    ) -> Any:
        """Raises DBusError for an error of systemd, EngineUnavailableError if it does not answer."""
        message = Message(
            destination=SERVICE,
            path=path,
            interface=interface,
            member=method,
            signature=signature,
            body=body,
        )
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await (await self._connected()).call(message)
        except (OSError, EOFError, TimeoutError) as error:
            await self.close()
            raise EngineUnavailableError(f"{self.name}: {str(error) or 'no answer'}") from error
        if answer is not None and answer.message_type is MessageType.ERROR:
            told = str(answer.body[0]) if answer.body else "no reason given"
            raise DBusError(answer.error_name or "", told)
        values = unpack_variants(answer.body) if answer is not None else []
        return values[0] if values else None

    async def _connected(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            self._bus = await MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM).connect()
        return self._bus

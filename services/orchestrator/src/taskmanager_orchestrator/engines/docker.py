"""Containers of a Docker Engine, or of podman's service, which speaks the same language.

A container is ours if it carries our labels for this place; no other is ever looked at. The engine restarts
nothing by itself: a runner that ends is started again by the orchestrator, after a wait.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import docker.errors
import requests.exceptions
from docker import DockerClient
from docker.models.containers import Container

from taskmanager.model.replicas import ReplicaState
from taskmanager.process.logs import get_logger
from taskmanager_orchestrator.port import EngineUnavailableError, Found, StartRefusedError
from taskmanager_orchestrator.templates import DockerTemplate

PLACE, PLUGIN, NAME = "taskmanager.place", "taskmanager.plugin", "taskmanager.replica"
"""The labels of our containers."""
TIMEOUT_SECONDS = 10
NANO = 1_000_000_000
_STATES = {
    "created": ReplicaState.STARTING,
    "configured": ReplicaState.STARTING,  # podman's word
    "initialized": ReplicaState.STARTING,
    "restarting": ReplicaState.STARTING,
    "running": ReplicaState.RUNNING,
    "paused": ReplicaState.RUNNING,
    "stopping": ReplicaState.STOPPING,
    "removing": ReplicaState.STOPPING,
}
"""Every other word stands for a container that has ended."""

P = ParamSpec("P")
T = TypeVar("T")

log = get_logger(__name__)


class DockerEngine:
    """Implements `taskmanager_orchestrator.port.Engine` with containers."""

    name = "docker"
    last_only = False

    def __init__(self, address: str, place: str, templates: Mapping[str, DockerTemplate]) -> None:
        """Connects when first used."""
        self._address, self._place, self._templates = address, place, templates
        self._client: DockerClient | None = None

    async def look(self) -> Sequence[Found]:
        """See the port."""
        return [_found(one) for one in await self._ours()]

    async def start(self, plugin: str, name: str) -> None:
        """See the port."""
        template = self._templates.get(plugin)
        if template is None:
            raise StartRefusedError(f"there is no template for {plugin}")
        await self._call(self._start, plugin, name, template)

    def _start(self, plugin: str, name: str, template: DockerTemplate) -> None:
        """A container that was made but could not be started is removed again."""
        labels = {PLACE: self._place, PLUGIN: plugin, NAME: name}
        try:
            made = self._connected().containers.create(**_options(template, name, labels))
        except (docker.errors.APIError, docker.errors.NullResource) as error:
            raise _refused(error) from error
        try:
            made.start()
        except docker.errors.APIError as error:
            made.remove(force=True)
            raise _refused(error) from error

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """See the port."""
        for one in await self._named(plugin, names):
            await self._call(_signal, one, "SIGTERM")

    async def kill(self, plugin: str, name: str) -> None:
        """See the port."""
        for one in await self._named(plugin, [name]):
            await self._call(_signal, one, "SIGKILL")

    async def remove(self, plugin: str, name: str) -> None:
        """See the port; a container that runs is left alone."""
        for one in await self._named(plugin, [name]):
            if _state(one) is ReplicaState.FAILING:
                await self._call(_remove, one)

    async def close(self) -> None:
        """See the port."""
        if self._client is not None:
            await asyncio.to_thread(self._client.close)

    async def _ours(self) -> list[Container]:
        """The containers of this place, by name."""
        found = await self._call(self._list)
        return sorted(found, key=lambda one: str(one.labels.get(NAME)))

    def _list(self) -> list[Container]:
        filters = {"label": f"{PLACE}={self._place}"}
        return list(self._connected().containers.list(all=True, filters=filters, ignore_removed=True))

    async def _named(self, plugin: str, names: Iterable[str]) -> list[Container]:
        """Those of our containers; asked anew, since names do not tell whose a container is."""
        wanted = {(plugin, name) for name in names}
        return [one for one in await self._ours() if (one.labels.get(PLUGIN), one.labels.get(NAME)) in wanted]

    def _connected(self) -> DockerClient:
        if self._client is None:
            self._client = DockerClient(base_url=self._address, version="auto", timeout=TIMEOUT_SECONDS)
        return self._client

    async def _call(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call the engine in a thread, with its errors translated."""
        try:
            return await asyncio.to_thread(work, *arguments, **named)
        except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
            raise EngineUnavailableError(f"{self.name}: {error}") from error


def _options(template: DockerTemplate, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The arguments that make the container of a runner."""
    return {
        "image": template.image,
        "command": [part.replace("{name}", name) for part in template.command] or None,
        "name": f"taskmanager.{name}",
        "environment": {"TASKMANAGER_RUNNER_ID": name, **template.environment},
        "labels": dict(labels),
        "volumes": list(template.mounts),
        "network": template.network,
        "user": template.user,
        "mem_limit": template.memory_bytes,
        "nano_cpus": round(template.processors * NANO) if template.processors else None,
        "read_only": template.read_only,
        "tmpfs": {str(folder): "" for folder in template.tmpfs},
        "security_opt": ["no-new-privileges"],
        "detach": True,
    }


def _found(one: Container) -> Found:
    labels = one.labels
    name = str(labels.get(NAME))
    state = _state(one)
    detail = _ending(one.attrs["State"]) if state is ReplicaState.FAILING else ""
    return Found(str(labels.get(PLUGIN)), name, name, state, detail)


def _state(one: Container) -> ReplicaState:
    return _STATES.get(one.status, ReplicaState.FAILING)


def _ending(state: Mapping[str, Any]) -> str:
    """What the engine says about the end of a container."""
    if state.get("OOMKilled"):
        return "out of memory"
    return " ".join(filter(None, (f"exit code {state.get('ExitCode')}", str(state.get("Error") or ""))))


def _signal(one: Container, name: str) -> None:
    """Send it; one that has ended meanwhile needs none."""
    try:
        one.kill(signal=name)
    except docker.errors.APIError as error:
        one.reload()
        if _state(one) is not ReplicaState.FAILING:
            raise
        log.debug("container_ended_before_its_signal", container=one.name, error=str(error))


def _remove(one: Container) -> None:
    try:
        one.remove(v=True)  # its workspace, if that is a volume without a name
    except docker.errors.NotFound as error:
        log.debug("container_removed_before", container=one.name, error=str(error))


def _refused(error: docker.errors.DockerException) -> StartRefusedError:
    told = error.explanation if isinstance(error, docker.errors.APIError) else None
    return StartRefusedError(str(told or error))

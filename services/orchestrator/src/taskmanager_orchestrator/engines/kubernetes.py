"""StatefulSets of a cluster, of which only the number of replicas is read and changed.

The cluster numbers the pods from 0 and removes the last one first. It restarts pods that end by itself, so
this engine never finds one that has failed: such a replica is seen to start, because its runner is silent.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.port import EngineUnavailableError, Found, StartRefusedError
from taskmanager_orchestrator.templates import KubernetesTemplate

TIMEOUT_SECONDS = 10.0
MERGE_PATCH = "application/merge-patch+json"


class KubernetesEngine:
    """Implements `taskmanager_orchestrator.port.Engine` with get and patch of `statefulsets/scale`.

    It also lists HorizontalPodAutoscalers: KEDA makes one for each set it scales. Two must not change one
    number, so a set that has one is refused.
    """

    name = "kubernetes"
    last_only = True

    def __init__(
        self,
        address: str,
        namespace: str,
        templates: Mapping[str, KubernetesTemplate],
        *,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """The token is read for every call: the cluster renews it."""
        self._sets = {plugin: template.stateful_set for plugin, template in templates.items()}
        self._apps = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
        self._autoscalers = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
        self._token_file = token_file
        self._client = httpx.AsyncClient(
            base_url=address, timeout=TIMEOUT_SECONDS, verify=_trust(ca_file), trust_env=False
        )

    async def look(self) -> Sequence[Found]:
        """See the port; raises EngineUnavailableError also if another one scales one of the sets."""
        await self._require_alone()
        found: list[Found] = []
        for plugin, name in self._sets.items():
            scale = await self._scale(name)
            if scale is not None:
                found += _replicas(plugin, name, scale)
        return found

    async def start(self, plugin: str, name: str) -> None:
        """See the port: one more; the cluster names it."""
        del name
        await self._change(plugin, lambda wanted, _: wanted + 1, ())

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """See the port: as many fewer as the last ones are among these."""
        if plugin in self._sets:
            await self._change(plugin, self._without, names)

    async def kill(self, plugin: str, name: str) -> None:
        """The cluster kills what does not end in its own time."""

    async def remove(self, plugin: str, name: str) -> None:
        """The cluster removes what has ended."""

    async def close(self) -> None:
        """See the port."""
        await self._client.aclose()

    @staticmethod
    def _without(wanted: int, last: Callable[[int], bool]) -> int:
        while wanted and last(wanted - 1):
            wanted -= 1
        return wanted

    async def _change(
        self, plugin: str, change: Callable[[int, Callable[[int], bool]], int], names: Sequence[str]
    ) -> None:
        """Change the number under its version, so that nobody else's change is undone."""
        name = self._sets.get(plugin)
        scale = await self._scale(name) if name else None
        if name is None or scale is None:
            raise StartRefusedError(f"there is no StatefulSet for {plugin}")
        before = _wanted(scale)
        after = change(before, lambda number: f"{name}-{number}" in names)
        if after == before:
            return
        body = {
            "metadata": {"resourceVersion": scale.get("metadata", {}).get("resourceVersion")},
            "spec": {"replicas": after},
        }
        await self._send("PATCH", f"{self._apps}/{name}/scale", json=body, content_type=MERGE_PATCH)

    async def _scale(self, name: str) -> Mapping[str, Any] | None:
        """The number wanted and the number there; None if there is no such set."""
        return await self._send("GET", f"{self._apps}/{name}/scale")

    async def _require_alone(self) -> None:
        listed = await self._send("GET", self._autoscalers)
        for item in (listed or {}).get("items", ()):
            target = item.get("spec", {}).get("scaleTargetRef", {})
            if target.get("kind") == "StatefulSet" and target.get("name") in self._sets.values():
                raise EngineUnavailableError(
                    f"{self.name}: {target['name']} is scaled by the HorizontalPodAutoscaler "
                    f"{item.get('metadata', {}).get('name')} (KEDA makes these): two must not scale one set"
                )

    async def _send(
        self, method: str, path: str, *, json: Any = None, content_type: str | None = None
    ) -> Mapping[str, Any] | None:
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            if self._token_file is not None:
                headers["Authorization"] = f"Bearer {self._token_file.read_text(encoding='utf-8').strip()}"
            answer = await self._client.request(method, path, json=json, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise EngineUnavailableError(f"{self.name}: {str(error) or type(error).__name__}") from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not answer.is_success:
            raise EngineUnavailableError(f"{self.name}: {method} {path} was answered {answer.status_code}")
        body: Mapping[str, Any] = answer.json()
        return body


def _trust(ca_file: Path | None) -> Any:
    """What certificates are checked against; raises OSError for an unreadable file."""
    return httpx.create_ssl_context(verify=str(ca_file)) if ca_file is not None else True


def _wanted(scale: Mapping[str, Any]) -> int:
    return int(scale.get("spec", {}).get("replicas") or 0)


def _replicas(plugin: str, name: str, scale: Mapping[str, Any]) -> Sequence[Found]:
    wanted = _wanted(scale)
    there = int(scale.get("status", {}).get("replicas") or 0)
    return [
        Found(plugin, f"{name}-{number}", f"{name}-{number}", _state(number, wanted, there))
        for number in range(max(wanted, there))
    ]


def _state(number: int, wanted: int, there: int) -> ReplicaState:
    if number >= wanted:
        return ReplicaState.STOPPING
    return ReplicaState.RUNNING if number < there else ReplicaState.STARTING

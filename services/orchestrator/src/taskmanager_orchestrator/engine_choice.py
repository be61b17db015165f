"""Makes the engine that the file names."""

from taskmanager_orchestrator.engines.docker import DockerEngine
from taskmanager_orchestrator.engines.kubernetes import KubernetesEngine
from taskmanager_orchestrator.engines.local import LocalEngine
from taskmanager_orchestrator.engines.none import NoEngine
from taskmanager_orchestrator.engines.systemd import SystemdEngine
from taskmanager_orchestrator.port import Engine
from taskmanager_orchestrator.settings import KubernetesEngineSettings, OrchestratorFile


def engine_of(file: OrchestratorFile) -> Engine:
    """The engine, which connects when first used."""
    if file.docker is not None:
        images = {plugin: one.docker for plugin, one in file.plugins.items() if one.docker is not None}
        return DockerEngine(file.docker.address, file.place, images)
    if file.local is not None:
        commands = {plugin: one.local for plugin, one in file.plugins.items() if one.local is not None}
        return LocalEngine(file.local.folder, commands)
    if file.systemd is not None:
        units = {plugin: one.systemd for plugin, one in file.plugins.items() if one.systemd is not None}
        return SystemdEngine(file.systemd.address, file.place, units)
    if file.kubernetes is not None:
        return _cluster(file.kubernetes, file)
    return NoEngine()


def _cluster(cluster: KubernetesEngineSettings, file: OrchestratorFile) -> Engine:
    sets = {plugin: one.kubernetes for plugin, one in file.plugins.items() if one.kubernetes is not None}
    return KubernetesEngine(
        cluster.address,
        cluster.namespace,
        sets,
        token_file=cluster.token_file,
        ca_file=cluster.ca_file,
    )

"""Makes the engine that the file names."""

from taskmanager_orchestrator.engines.docker import DockerEngine
from taskmanager_orchestrator.engines.local import LocalEngine
from taskmanager_orchestrator.engines.none import NoEngine
from taskmanager_orchestrator.port import Engine
from taskmanager_orchestrator.settings import OrchestratorFile


def engine_of(file: OrchestratorFile) -> Engine:
    """The engine, which connects when first used."""
    if file.docker is not None:
        images = {plugin: one.docker for plugin, one in file.plugins.items() if one.docker is not None}
        return DockerEngine(file.docker.address, file.place, images)
    if file.local is not None:
        commands = {plugin: one.local for plugin, one in file.plugins.items() if one.local is not None}
        return LocalEngine(file.local.folder, commands)
    return NoEngine()

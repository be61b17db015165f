"""Reads the runners that orchestrators keep for a plugin."""

import asyncio

from taskmanager.ports.readers import JobReader
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.plugins.replica_views import ReplicaSetView


async def read_sets(reader: JobReader, plugin: str) -> list[ReplicaSetView]:
    """The runners kept for a plugin, by place; raises StoreUnavailableError."""
    sets, runners = await from_store(asyncio.gather(reader.replica_sets(plugin), reader.runners(plugin)))
    return [ReplicaSetView.of(one, runners) for one in sets]

"""The services shared by all attempts of a runner."""

from dataclasses import dataclass

from taskmanager.model.manifest import PluginManifest
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.messaging.leases import Leases
from taskmanager_plugin_runner.messaging.outbox import Sink


@dataclass(frozen=True, slots=True)
class AttemptServices:
    """The services shared by all attempts of a runner."""

    outbox: Sink
    leases: Leases
    transfers: TransferLimit
    manifest: PluginManifest

"""What all attempts of a runner share."""

from dataclasses import dataclass

from taskmanager.model.manifest import PluginManifest
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.messaging.claims import Sink
from taskmanager_plugin_runner.messaging.leases import Leases


@dataclass(frozen=True, slots=True)
class AttemptServices:
    """What all attempts of a runner share."""

    outbox: Sink
    leases: Leases
    transfers: TransferLimit
    manifest: PluginManifest

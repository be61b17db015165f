"""What all attempts of a runner share."""

from dataclasses import dataclass

from taskmanager.model.manifest import PluginManifest
from taskmanager_plugin_runner.claims import Sink
from taskmanager_plugin_runner.leases import Leases
from taskmanager_plugin_runner.transfers import Transfers


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all attempts of a runner share."""

    outbox: Sink
    leases: Leases
    transfers: Transfers
    manifest: PluginManifest

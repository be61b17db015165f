"""The services shared by all attempts of a runner."""

from collections.abc import Callable
from dataclasses import dataclass, field

from taskmanager.model.manifest import PluginManifest
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.messaging.leases import Leases
from taskmanager_plugin_runner.messaging.outbox import Sink
from taskmanager_plugin_runner.pipeline.pace import Pace
from taskmanager_plugin_runner.pipeline.places import Places


@dataclass(frozen=True, slots=True)
class AttemptServices:
    """The services shared by all attempts of a runner."""

    outbox: Sink
    leases: Leases
    transfers: TransferLimit
    manifest: PluginManifest
    places: Places
    pace: Pace = field(default_factory=Pace)
    processors: Callable[[int], tuple[int, ...]] = lambda _: ()
    """The processors of the place with that number; empty: those of the slot's process."""

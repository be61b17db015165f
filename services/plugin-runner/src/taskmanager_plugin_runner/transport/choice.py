"""How input and results of jobs travel: over the shared file system, or over Goobi's files API.

Only `choose` knows which. Both have the same four steps. HTTP code is imported only when needed, so that the
slots of other runners stay small.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from taskmanager.errors import PermanentError
from taskmanager.files.parts import Parts
from taskmanager.files.roots import PathMapping, Roots
from taskmanager.files.sources import parts_of
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons.job_texts import goobi_texts
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.files.upload_modes import UploadMode
from taskmanager_plugin_runner.results import placement
from taskmanager_plugin_runner.results.early_copies import EarlyCopies
from taskmanager_plugin_runner.results.planning import Terms
from taskmanager_plugin_runner.slot_protocol import SlotOptions, SlotOrder
from taskmanager_plugin_runner.transport.existing_results import Destination, SharedDestination
from taskmanager_plugin_runner.transport.transport import LOST, RECORD, Transport
from taskmanager_plugin_runner.transport.workspace import (
    AttemptFolder,
    Input,
    bring_input,
    open_destination,
    require_apart,
)


class SharedFolders:
    """The transport over the shared file system."""

    def __init__(self, roots: Roots, options: SlotOptions, manifest: PluginManifest) -> None:
        self._roots, self._mode, self._manifest = roots, UploadMode(options.upload_mode), manifest
        self._reads_in_place, self._overlap = manifest.reads_in_place, options.ahead_bytes > 0
        self._seal, self._foreign_links = options.seal, options.foreign_links
        self._for_others = options.slot_user is not None
        self._ahead_bytes = options.ahead_bytes if manifest.takes_files_in_order else 0

    def open(self, folder: AttemptFolder, order: SlotOrder, destination: str, *, in_place: bool) -> None:
        """See `placement.prepare`."""
        if order.spec.source is not None and not in_place and self._parts(order) is None:
            require_apart(self._roots.resolve(order.spec.source), self._roots.resolve(destination))
        open_destination(folder, destination, self._roots, order.job, order.attempt, self._seal)

    def bring(
        self,
        folder: AttemptFolder,
        order: SlotOrder,
        source: str,
        between: Callable[[], None],
        *,
        recorded: bool = False,
    ) -> Input:
        """See `workspace.bring_input`."""
        return bring_input(
            folder,
            source,
            self._roots,
            self._mode,
            reads_in_place=self._reads_in_place,
            parts=self._parts(order),
            ahead_bytes=self._ahead_bytes,
            foreign_links=self._foreign_links,
            for_others=self._for_others,
            recorded=recorded,
            between=between,
        )

    def _parts(self, order: SlotOrder) -> Parts | None:
        """What the job takes of its source; None for its own files only."""
        return parts_of(self._manifest, order.spec)

    def destination(self, folder: AttemptFolder) -> Destination | None:
        """The destination folder, if the attempt was opened."""
        remembered = folder.remembered()
        return SharedDestination(remembered.destination) if remembered is not None else None

    def carrier(self, folder: AttemptFolder, suspended: Callable[[], bool]) -> EarlyCopies | None:
        """Copies finished results to the stage, if the options allow it."""
        remembered = folder.remembered(self._seal) if self._overlap else None
        return EarlyCopies(remembered, folder.output, suspended) if remembered is not None else None

    def place(self, folder: AttemptFolder, terms: Terms) -> tuple[int, int]:
        """See `placement.place`; the files to be removed were recorded relative to the destination."""
        remembered = folder.remembered(self._seal)
        if remembered is None:
            raise PermanentError(LOST)
        leaving = {str(remembered.inside / name): known for name, known in folder.leaving().items()}
        return placement.place(folder.output, remembered, replace(terms, leaving=leaving))

    def clean(self, folder: AttemptFolder, order: SlotOrder) -> None:
        """See `placement.clean`; without a record of the stage, the workspace was removed during the job."""
        remembered = folder.remembered(self._seal)
        if remembered is not None:
            placement.clean(remembered)
        elif order.spec.destination is not None:
            placement.clean_unrecorded(
                order.spec.destination, self._roots, order.job, order.attempt, self._seal
            )


def choose(options: SlotOptions, manifest: PluginManifest) -> Transport:
    """The transport according to a runner's options and its plugin's manifest."""
    roots = Roots.parse(options.roots, PathMapping.parse(options.paths))
    if options.goobi:
        from taskmanager_plugin_runner.transport.goobi_files import GoobiFiles  # noqa: PLC0415 - see above

        return GoobiFiles(Path(options.goobi), roots, options.seal)
    return SharedFolders(roots, options, manifest)


def undo(settings: Path | None, folder: AttemptFolder, seal: Seal = NO_KEY) -> None:
    """Remove anything an attempt uploaded over the files API; raises TaskManagerError, ValueError."""
    if not (folder.path / RECORD).exists():
        return
    if settings is None:
        raise PermanentError(goobi_texts.DELIVERED_OVER_API())
    from taskmanager_plugin_runner.transport.goobi_files import undo_delivery  # noqa: PLC0415 - see above

    undo_delivery(settings, folder, seal)

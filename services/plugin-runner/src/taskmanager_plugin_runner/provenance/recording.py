"""Which jobs leave a record, where it goes, and what has it made. Small: every slot loads it."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.files.roots import PathMapping, Roots
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.plugins.catalogue import provenance_of_templates
from taskmanager_plugin_runner.provenance.places import process_folder, record_name
from taskmanager_plugin_runner.results.journal import RECORDS
from taskmanager_plugin_runner.results.placement import Placement
from taskmanager_plugin_runner.results.process_record import PlacedFile, ProcessRecord
from taskmanager_plugin_runner.slot_protocol import SlotOptions, SlotOrder
from taskmanager_plugin_runner.transport.workspace import AttemptFolder


class Recording:
    """The records of a slot's jobs."""

    def __init__(self, options: SlotOptions, manifest: PluginManifest) -> None:
        """Raises PermanentError for a template file that cannot be read."""
        self._manifest, self._runner = manifest, Path(options.folder).name
        self._roots = Roots.parse(options.roots, PathMapping.parse(options.paths))
        self._always = options.provenance
        self._by_template = provenance_of_templates(manifest.name)

    def wanted(self, order: SlotOrder) -> bool:
        """Whether the job leaves a record: as its template says, else as the runner is set."""
        if order.spec.destination is None:
            return False
        return self._by_template.get(self._template(order) or "", self._always)

    def _template(self, order: SlotOrder) -> str | None:
        named = order.spec.template
        return self._manifest.choose_template(named) if self._manifest.knows_template(named or "") else named

    def require_place(self, folder: AttemptFolder, order: SlotOrder) -> None:
        """Raise JobFailedError, before hours of work, if the record cannot be placed."""
        placement = folder.remembered()
        if placement is None:
            return
        process = self._process(placement, order)
        place = process / RECORDS if (process / RECORDS).is_dir() else process
        if not os.access(place, os.W_OK | os.X_OK):
            raise JobFailedError(file_texts.RECORD_UNWRITABLE(path=place))

    def record(self, folder: AttemptFolder, order: SlotOrder) -> ProcessRecord | None:
        """What is placed with the results; None where only Goobi's files API leads to the destination."""
        placement = folder.remembered()
        if placement is None:
            return None
        process, at = self._process(placement, order), datetime.now(UTC)
        template = self._template(order)
        names = (f"{order.job}.premis.xml", f"{order.job}.json")

        def compose(placed: Sequence[PlacedFile]) -> Mapping[str, bytes]:
            from taskmanager_plugin_runner.provenance import job_account  # noqa: PLC0415 - few slots need it

            doer = job_account.Doer(self._runner, self._manifest.version, template)
            places = job_account.Places(process, placement.destination, at)
            return dict(zip(names, job_account.documents(doer, folder, order, places, placed), strict=True))

        return ProcessRecord(process, record_name(at, order.spec.plugin, template), names, compose)

    def _process(self, placement: Placement, order: SlotOrder) -> Path:
        source = self._roots.resolve(order.spec.source) if order.spec.source is not None else None
        return process_folder(order.spec, placement.destination, placement.home, source, self._roots)

    def libraries(self) -> Mapping[str, str]:
        """The versions of the libraries that this process has loaded for the plugin."""
        from taskmanager_plugin_runner.provenance.software import libraries  # noqa: PLC0415 - as above

        return {tool.name: tool.version for tool in libraries(self._manifest.name)}

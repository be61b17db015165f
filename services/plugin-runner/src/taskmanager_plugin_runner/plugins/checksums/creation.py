"""Runs one job that writes a list of checksums, and has coreutils read files and list again."""

import time
from collections.abc import Mapping
from pathlib import Path

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.checksums import hashing, manifests
from taskmanager_plugin_runner.plugins.checksums.hashing import Progress
from taskmanager_plugin_runner.plugins.checksums.manifests import FOLDER, Algorithm
from taskmanager_plugin_runner.plugins.checksums.names import prefix
from taskmanager_plugin_runner.plugins.source_tree import SourceTree


class ListJob:
    """One job; `existing` is about lists of other names in the same folder."""

    def __init__(self, context: JobContext, algorithm: Algorithm, existing: Existing) -> None:
        self._context, self._algorithm, self._existing = context, algorithm, existing

    def run(self) -> None:
        """Write the list; raises JobFailedError if coreutils does not find the same checksums."""
        source = SourceTree.of(self._context)
        target = self._target(source)
        self._context.existing(self._existing, [target])
        progress = Progress(self._context, len(source.files))
        found: dict[str, str] = {}
        for number, (name, path) in enumerate(source.files.items()):
            progress.before(number, name)
            found[name] = self._digest(name, path)
        self._write(target, source, found, progress)
        progress.end()
        self._context.finished(target)

    def _digest(self, name: str, path: Path) -> str:
        began = time.monotonic()
        self._context.wait_for(path)
        digest = hashing.digests(self._context, path, [self._algorithm])[self._algorithm]
        self._context.record(
            FileRecord(
                name=name,
                state=FileState.DONE,
                facts={self._algorithm.value: digest},
                bytes=path.stat().st_size,
                seconds=time.monotonic() - began,
            )
        )
        return digest

    def _target(self, source: SourceTree) -> Path:
        given = Path(self._context.spec.destination or "").name == FOLDER
        above = self._context.output if given else self._context.output / FOLDER
        return above / f"{source.name}.{self._algorithm.value}"

    def _write(self, target: Path, source: SourceTree, found: Mapping[str, str], progress: Progress) -> None:
        spec = self._context.spec
        before = prefix(spec.source or "", spec.destination or "")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = manifests.written({f"{before}{name}": digest for name, digest in found.items()})
        target.write_bytes(text.encode(manifests.ENCODING, manifests.ENCODING_ERRORS))
        sizes = {f"{before}{name}": path.stat().st_size for name, path in source.files.items()}
        hashing.confirm(progress, target, self._algorithm, self._seen(source, before), sizes)

    def _seen(self, source: SourceTree, before: str) -> Path:
        """A folder in which the files are where the list says."""
        if not before:
            return source.folder
        place = self._context.scratch / "seen" / before
        place.parent.mkdir(parents=True)
        place.symlink_to(source.folder, target_is_directory=True)
        return self._context.scratch / "seen"

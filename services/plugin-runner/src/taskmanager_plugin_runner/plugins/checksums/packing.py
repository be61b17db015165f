"""Runs one job that packs a bag: copies whose checksums are those of the sources, proven by others."""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.checksums import bags, hashing, manifests
from taskmanager_plugin_runner.plugins.checksums.hashing import Progress
from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm
from taskmanager_plugin_runner.plugins.source_tree import SourceTree


class BagJob:
    """One job. A bag is complete as it is: where one lies already, the job is refused."""

    def __init__(self, context: JobContext, algorithm: Algorithm, own_information: Mapping[str, str]) -> None:
        self._context, self._algorithm, self._own = context, algorithm, own_information
        self._title = context.spec.work_title

    def run(self) -> None:
        """Pack the bag; raises JobFailedError if a copy is not what was read."""
        source = SourceTree.of(self._context)
        for name in source.files:
            bags.require_plain(name)
        bag = self._context.output / f"{Path(self._title or source.name).name}_bag"
        self._context.existing(Existing.REFUSE, [bag / "bagit.txt"])
        progress = Progress(self._context, len(source.files))
        found = {}
        for number, (name, path) in enumerate(source.files.items()):
            progress.before(number, name)
            found[name] = self._pack(path, name, bag / bags.PAYLOAD / name)
        self._describe(bag, found)
        self._prove(bag, progress)

    def _pack(self, path: Path, name: str, copy: Path) -> str:
        self._context.wait_for(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("wb") as written:
            digest = hashing.digests(self._context, path, [self._algorithm], written)[self._algorithm]
        shutil.copystat(path, copy)
        size = path.stat().st_size
        result = str(copy.relative_to(self._context.output))
        facts = {self._algorithm.value: digest}
        self._context.record(
            FileRecord(
                name=name,
                state=FileState.DONE,
                results=(result,),
                facts=facts,
                bytes=size,
                result_bytes=copy.stat().st_size,
            )
        )
        return digest

    def _describe(self, bag: Path, found: Mapping[str, str]) -> None:
        payload = {f"{bags.PAYLOAD}/{name}": digest for name, digest in found.items()}
        sizes = {name: (bag / name).stat().st_size for name in payload}
        software = f"Goobi TaskManager {version('taskmanager-plugin-runner')}"
        tags = {
            "bagit.txt": bags.DECLARATION,
            "bag-info.txt": bags.information(
                self._own, self._title, software, sizes, datetime.now(UTC).date()
            ),
            bags.listing("manifest", self._algorithm): manifests.written(payload),
        }
        for name, text in tags.items():
            (bag / name).write_text(text, encoding="utf-8")
        digests = {name: self._digest(bag / name) for name in tags}
        (bag / bags.listing("tagmanifest", self._algorithm)).write_text(
            manifests.written(digests), encoding="utf-8"
        )

    def _digest(self, path: Path) -> str:
        return hashing.digests(self._context, path, [self._algorithm])[self._algorithm]

    def _prove(self, bag: Path, progress: Progress) -> None:
        """Everything is there, and coreutils reads the copies as the sources were read."""
        if complaint := bags.complaint(bag):
            raise JobFailedError(complaint)
        for kind in ("tagmanifest", "manifest"):
            listed = bag / bags.listing(kind, self._algorithm)
            names = manifests.read(listed.read_text(encoding="utf-8"), self._algorithm, listed.name)
            sizes = {name: (bag / name).stat().st_size for name in names}
            hashing.confirm(progress, listed, self._algorithm, bag, sizes)
        for folder, _, files in os.walk(bag):
            for name in files:
                self._context.finished(Path(folder) / name)
        progress.end()

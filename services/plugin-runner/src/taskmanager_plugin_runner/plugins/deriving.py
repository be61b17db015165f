"""Runs one job that makes derivatives: every page is decoded once, and all its pictures are made from that.

What `shell` and `images` share. Knows no template, and not what is done to a picture.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.pages import Page, PageReader
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.parameters import PictureParameters
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.derivatives import Derived
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

DerivativeT = TypeVar("DerivativeT")


@dataclass(frozen=True, slots=True)
class Pace:
    """How many pages at once (None: as many as there are processors, within limits), and how long for one."""

    parallel: int | None
    time_limit_seconds: float


class Deriving(ABC, Generic[DerivativeT]):
    """One job."""

    def __init__(
        self,
        context: JobContext,
        parameters: PictureParameters,
        wanted: Sequence[tuple[DerivativeT, Path]],
        pace: Pace,
    ) -> None:
        """`wanted` are the derivatives of each page, with their folders at or below the output."""
        self.context, self.wanted = context, wanted
        self._parameters = parameters
        self._parallel = pace.parallel or default_parallel()
        self.time_limit = timedelta(seconds=pace.time_limit_seconds)

    @abstractmethod
    def suffix(self, derivative: DerivativeT) -> str:
        """Of its files."""

    @abstractmethod
    def introduction(self) -> str:
        """What the log says before the first page."""

    @abstractmethod
    def make(self, pool: DecodingPool, file: Path, page: Page, paths: Sequence[Path]) -> Derived:
        """Make all derivatives of one page in a process of the pool, at these paths."""

    def run(self) -> None:
        """Make all derivatives; raises JobFailedError if there are no pages or one fails."""
        taken = workpieces.take(self.context, SUFFIXES)
        workpieces.require_distinct(taken)
        for _, folder in self.wanted:
            folder.mkdir(parents=True, exist_ok=True)
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        self.context.log.info(self.introduction())
        self._pages = PageReader(self.context, self._parameters.pages, compressing=False)
        existing = self._parameters.existing
        expected = [self._target(one, folder, file.stem) for one, folder in self.wanted for file in taken]
        self._pages.settle(existing, expected, begun=False)
        parallel = min(self._parallel, len(taken))
        with DecodingPool(parallel, self._pages.memory_bytes, self.context.checkpoint) as self._pool:
            for_each_file(self.context, taken, self._convert, parallel)
        made = [path for path in self.context.output.rglob("*") if path.is_file()]
        self._pages.settle(existing, made, begun=True)

    def _target(self, derivative: DerivativeT, folder: Path, stem: str) -> Path:
        return folder / f"{stem}{self.suffix(derivative)}"

    def _convert(self, file: Path) -> None:
        began = time.monotonic()
        pages = self._pages.read(self._pool, file, self.time_limit)
        derived = [self._derive(file, page) for page in pages]
        self.context.record(self._record(file, pages, derived, time.monotonic() - began))

    def _derive(self, file: Path, page: Page) -> Derived:
        scratch = self.context.scratch / f"{self._numbers[file]:06d}-{page.number:04d}"
        scratch.mkdir()
        paths = [scratch / str(number) for number in range(len(self.wanted))]
        derived = self.make(self._pool, file, page, paths)
        for path, (one, folder) in zip(paths, self.wanted, strict=True):
            self.context.finished(path.replace(self._target(one, folder, page.stem)))
        scratch.rmdir()
        return derived

    def _record(
        self, file: Path, pages: Sequence[Page], derived: Sequence[Derived], seconds: float
    ) -> FileRecord:
        made = [self._target(one, folder, page.stem) for page in pages for one, folder in self.wanted]
        notes = [*pages[0].notes, *(note for one in derived for note in one.notes)]
        return FileRecord(
            name=file.name,
            state=FileState.DONE,
            results=tuple(str(path.relative_to(self.context.output)) for path in made),
            facts=pages[0].facts.as_record(),
            result_facts=derived[0].made[0].facts.as_record(),
            bytes=file.stat().st_size,
            result_bytes=sum(made.bytes for one in derived for made in one.made),
            seconds=seconds,
            warnings=tuple(dict.fromkeys(notes)),
        )

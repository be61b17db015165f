"""Runs one job of a derivative template: every page is decoded once, and all its JPEGs are made from that."""

import time
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.interface import JobContext, parse_parameters
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.pages import Page, PageReader
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures import derivatives
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.derivatives import Derived, Wanted
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES
from taskmanager_plugin_runner.plugins.shell.derivatives import SOURCE_NAME, Derivative, DerivativeTemplate


class DeriveRun:
    """One job of a derivative template."""

    def __init__(self, context: JobContext, template: DerivativeTemplate) -> None:
        """Raises JobFailedError if the parameters are invalid."""
        self._context, self._template = context, template
        self._parameters = parse_parameters(template.parameters_model, context.spec.parameters)
        self._wanted = [(one, self._folder(one)) for one in template.chosen(self._parameters)]
        self._parallel = template.parallel or default_parallel()
        self._time_limit = timedelta(seconds=template.time_limit_seconds)

    def _folder(self, derivative: Derivative) -> Path:
        """A folder below the output; `{source}` is the name Goobi knows, wherever the files are read from."""
        named = self._context.spec.source or str(self._context.source or "")
        name = (derivative.folder or "").replace(SOURCE_NAME, Path(named).name)
        return self._context.output / name if name else self._context.output

    def run(self) -> None:
        """Make all derivatives; raises JobFailedError if there are no pages or one fails."""
        taken = workpieces.take(self._context, SUFFIXES)
        workpieces.require_distinct(taken)
        for _, folder in self._wanted:
            folder.mkdir(parents=True, exist_ok=True)
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        self._context.log.info(self._introduction())
        self._pages = PageReader(self._context, self._parameters.pages, compressing=False)
        existing = self._parameters.existing
        expected = [self._target(folder, file.stem) for _, folder in self._wanted for file in taken]
        self._pages.settle(existing, expected, begun=False)
        parallel = min(self._parallel, len(taken))
        with DecodingPool(parallel, self._pages.memory_bytes, self._context.checkpoint) as self._pool:
            for_each_file(self._context, taken, self._convert, parallel)
        self._pages.settle(existing, list(self._context.output.rglob("*.jpg")), begun=True)

    @staticmethod
    def _target(folder: Path, stem: str) -> Path:
        return folder / f"{stem}.jpg"

    def _introduction(self) -> str:
        made = "; ".join(
            f"{'full size' if one.longest_side is None else f'{one.longest_side} px'}, quality {one.quality}"
            + (f", in {folder.name}" if one.folder else "")
            for one, folder in self._wanted
        )
        return f"libvips {version('pyvips-binary')}, imagecodecs {version('imagecodecs')}: JPEG of {made}"

    def _convert(self, file: Path) -> None:
        began = time.monotonic()
        pages = self._pages.read(self._pool, file, self._time_limit)
        derived = [self._derive(file, page) for page in pages]
        self._context.record(self._record(file, pages, derived, time.monotonic() - began))

    def _derive(self, file: Path, page: Page) -> Derived:
        scratch = self._context.scratch / f"{self._numbers[file]:06d}-{page.number:04d}"
        scratch.mkdir()
        wanted = tuple(
            Wanted(scratch / f"{number}.jpg", one.longest_side, one.quality, one.keep_profile)
            for number, (one, _) in enumerate(self._wanted)
        )
        with self._pool.room(page.memory_bytes):
            derived = self._pool.call(
                derivatives.derive,
                file,
                page.facts,
                wanted,
                self._parameters.background_rgb,
                time_limit=self._time_limit,
            )
        for made, (_, folder) in zip(wanted, self._wanted, strict=True):
            target = made.path.replace(self._target(folder, page.stem))
            self._context.finished(target)
        scratch.rmdir()
        return derived

    def _record(
        self, file: Path, pages: Sequence[Page], derived: Sequence[Derived], seconds: float
    ) -> FileRecord:
        folders = [folder.relative_to(self._context.output) for _, folder in self._wanted]
        notes = [*pages[0].notes, *(note for one in derived for note in one.notes)]
        return FileRecord(
            name=file.name,
            state=FileState.DONE,
            results=tuple(str(folder / f"{page.stem}.jpg") for page in pages for folder in folders),
            facts=pages[0].facts.as_record(),
            result_facts=derived[0].made[0].facts.as_record(),
            bytes=file.stat().st_size,
            result_bytes=sum(made.bytes for one in derived for made in one.made),
            seconds=seconds,
            warnings=tuple(dict.fromkeys(notes)),
        )

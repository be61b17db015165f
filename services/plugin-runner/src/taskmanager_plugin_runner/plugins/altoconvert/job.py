"""Runs one conversion job: every file of the folder, several at a time."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import process_parts, workpieces
from taskmanager_plugin_runner.plugins.altoconvert import conversion, texts
from taskmanager_plugin_runner.plugins.altoconvert.conversion import Converted
from taskmanager_plugin_runner.plugins.altoconvert.parameters import AltoConvertParameters
from taskmanager_plugin_runner.plugins.altoconvert.profile import Profile
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool

_SUFFIXES: Final = (".xml", ".hocr", ".html", ".htm", ".xhtml")


class AltoConvertJob:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: AltoConvertParameters) -> None:
        self._context, self._profile, self._parameters = context, profile, parameters
        self._running_heads = parameters.running_heads or profile.running_heads
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._place = process_parts.place_of_results(context, "alto")

    def run(self) -> None:
        """Convert everything; raises JobFailedError with the file and the reason."""
        source = self._context.source
        if source is not None and source.is_file():
            files = [source]
        else:
            files = process_parts.found(self._context, self._profile.texts, _SUFFIXES)
        if not files:
            raise JobFailedError(texts.NO_TEXTS(pattern=self._profile.texts))
        workpieces.require_distinct(files)
        self._place.mkdir(parents=True, exist_ok=True)
        self._numbers = {file: number for number, file in enumerate(files, start=1)}
        self._context.existing(self._parameters.existing, [self._place / f"{one.stem}.xml" for one in files])
        parallel = min(self._profile.parallel or default_parallel(), len(files))
        with DecodingPool(parallel, memory.allowed(), self._context.checkpoint) as self._pool:
            for_each_file(self._context, files, self._convert, parallel)

    def _convert(self, file: Path) -> None:
        began = time.monotonic()
        folder = self._context.scratch / f"{self._numbers[file]:06d}"
        folder.mkdir()
        made: Converted = self._pool.call(
            conversion.convert, file, folder, self._running_heads, time_limit=self._time_limit
        )
        placed = [path.replace(self._place / path.name) for path in made.files]
        for path in placed:
            self._context.finished(path)
        self._context.record(self._record(file, made, placed, time.monotonic() - began))

    def _record(self, file: Path, made: Converted, placed: list[Path], seconds: float) -> FileRecord:
        facts = {
            "words": made.words,
            "confidence": None if made.confidence is None else f"{made.confidence} %",
            "words of running heads dropped": made.dropped or None,
            "left out": f"left out: {made.left_out}" if made.left_out else None,
        }
        return FileRecord(
            name=file.name,
            state=FileState.DONE,
            results=tuple(str(path.relative_to(self._context.output)) for path in placed),
            facts={"format": made.format},
            result_facts={name: value for name, value in facts.items() if value is not None},
            bytes=file.stat().st_size,
            result_bytes=sum(path.stat().st_size for path in placed),
            seconds=seconds,
            warnings=made.notes,
        )

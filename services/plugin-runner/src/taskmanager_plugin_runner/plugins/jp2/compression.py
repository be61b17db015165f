"""Runs one JP2 job: every page is decoded, compressed by opj_compress or OpenJPH, and verified."""

import os
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.job_texts import tool_texts
from taskmanager.plugin_api.interface import JobContext
from taskmanager.plugin_api.tools import run
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.jp2.parameters import Jp2Parameters
from taskmanager_plugin_runner.plugins.jp2.profile import Coding, Profile
from taskmanager_plugin_runner.plugins.pages import Page, PageReader
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures import compression, rules
from taskmanager_plugin_runner.plugins.pictures.compression import Prepared, Verified
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.file_formats import jpeg2000
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

_CODESTREAM = "stream.j2k"
_SMALL_SIDE = 256
"""Pixels along the longest side that are enough to tell one picture from another."""


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of one page."""

    name: str
    verified: Verified
    notes: tuple[str, ...]


class Compression:
    """Runs one job with its profile."""

    def __init__(self, context: JobContext, profile: Profile, parameters: Jp2Parameters) -> None:
        self._context = context
        self._profile = profile
        self._parameters = parameters
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._parallel = profile.parallel or default_parallel()
        self._threads = 1

    def run(self) -> None:
        """Compress all pages; raises JobFailedError if there are none or one fails."""
        taken = workpieces.take(self._context, SUFFIXES)
        workpieces.require_distinct(taken)
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        parallel = min(self._parallel, len(taken))
        self._threads = max(1, len(os.sched_getaffinity(0)) // parallel)
        self._context.log.info(self._introduction())
        self._pages = PageReader(self._context, self._parameters.pages, compressing=True)
        expected = [self._target(file.stem) for file in taken]
        self._pages.settle(self._parameters.existing, expected, begun=False)
        with DecodingPool(parallel, self._pages.memory_bytes, self._context.checkpoint) as self._pool:
            for_each_file(self._context, taken, self._compress, parallel)
        made = list(self._context.output.iterdir())
        self._pages.settle(self._parameters.existing, made, begun=True)

    def _target(self, stem: str) -> Path:
        return self._context.output / f"{stem}{self._profile.suffix}"

    def _introduction(self) -> str:
        if self._profile.coding is Coding.HIGH_THROUGHPUT:
            return "OpenJPH (imagecodecs), reversible, proven by OpenJPEG"
        words = " ".join(self._profile.arguments(1 << 20, 1 << 20, self._threads))
        return f"opj_compress {opj_version()} with {words}"

    def _compress(self, file: Path) -> None:
        began = time.monotonic()
        pages = self._pages.read(self._pool, file, self._time_limit)
        results = [self._compress_page(file, page) for page in pages]
        self._context.record(_record(file, pages, results, time.monotonic() - began))

    def _compress_page(self, file: Path, page: Page) -> _Result:
        if self._profile.lossless:
            refused = rules.refusal(page.facts, convert=self._parameters.convert)
            if refused:
                raise JobFailedError(page.said(refused))
        target = self._target(page.stem)
        folder = self._context.scratch / f"{self._numbers[file]:06d}-{page.number:04d}"
        folder.mkdir()
        with self._pool.room(page.memory_bytes):
            prepared = self._prepare(file, page, folder)
            made = self._encode(prepared, folder)
            small = None if self._profile.lossless else self._decode_small(prepared, folder)
            verified = self._pool.call(compression.verify, prepared, made, small, time_limit=self._time_limit)
        made.replace(target)
        self._context.finished(target)
        shutil.rmtree(folder)
        return _Result(target.name, verified, prepared.expected.notes)

    def _prepare(self, file: Path, page: Page, folder: Path) -> Prepared:
        prepare = partial(
            compression.prepare, lossless=self._profile.lossless, convert=self._parameters.convert
        )
        return self._pool.call(prepare, file, page.facts, folder, time_limit=self._time_limit)

    def _encode(self, prepared: Prepared, folder: Path) -> Path:
        codestream, result = folder / _CODESTREAM, folder / f"result{self._profile.suffix}"
        facts = prepared.expected
        if self._profile.coding is Coding.HIGH_THROUGHPUT:
            resolutions = self._profile.resolutions_for(facts.width, facts.height)
            self._pool.call(
                compression.encode_high_throughput,
                prepared,
                codestream,
                resolutions,
                time_limit=self._time_limit,
            )
        else:
            options = self._profile.arguments(facts.width, facts.height, self._threads)
            words = ["opj_compress", *prepared.input_words, "-o", str(codestream), *options]
            self._start(words, folder)
        if not codestream.is_file():
            raise JobFailedError(tool_texts.NO_RESULT_OF(program="opj_compress"))
        brand = jpeg2000.JPH if self._profile.coding is Coding.HIGH_THROUGHPUT else jpeg2000.JP2
        jpeg2000.write_file(result, codestream, prepared.expected, brand)
        return result

    def _decode_small(self, prepared: Prepared, folder: Path) -> Path:
        """Decode the codestream with opj_decompress, at the lowest resolution that is enough for comparing.

        Not the file, since opj_decompress would apply its profile to the colours.
        """
        facts, small = prepared.expected, folder / "small.tif"
        halvings = self._profile.resolutions_for(facts.width, facts.height) - 1
        reduce = min(halvings, max(0, (max(facts.width, facts.height) // _SMALL_SIDE).bit_length() - 1))
        self._start(
            ["opj_decompress", "-i", str(folder / _CODESTREAM), "-o", str(small), "-r", str(reduce)], folder
        )
        return small

    def _start(self, argv: list[str], folder: Path) -> None:
        """Run an OpenJPEG tool; raises ToolFailedError if it fails or writes to stderr."""
        result = self._context.run_tool(argv, cwd=folder, time_limit=self._time_limit)
        if said := result.stderr.strip():
            raise ToolFailedError(tool_texts.COMPLAINS(program=argv[0], output=said))


@cache
def opj_version() -> str:
    """The version of opj_compress, taken from its help."""
    try:
        said = run(["opj_compress", "-h"], time_limit=timedelta(seconds=20)).stdout
    except ToolFailedError as error:
        said = str(error)
    found = next((line for line in said.splitlines() if "openjp2 library" in line), "")
    return found.rpartition(" v")[2].rstrip(".") or "of an unknown version"


def _record(file: Path, pages: list[Page], results: list[_Result], seconds: float) -> FileRecord:
    return FileRecord(
        name=file.name,
        state=FileState.DONE,
        results=tuple(result.name for result in results),
        facts=pages[0].facts.as_record(),
        result_facts=results[0].verified.facts.as_record(),
        bytes=file.stat().st_size,
        result_bytes=sum(result.verified.bytes for result in results),
        seconds=seconds,
        warnings=tuple(
            dict.fromkeys([*pages[0].notes, *(note for result in results for note in result.notes)])
        ),
    )

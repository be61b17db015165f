"""Runs one OCR job: every page is decoded, read by Tesseract, and its results are checked."""

import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from taskmanager.errors import ToolFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.ocr import alto, models, picture, results, texts
from taskmanager_plugin_runner.plugins.ocr.alto import Text
from taskmanager_plugin_runner.plugins.ocr.parameters import OcrParameters
from taskmanager_plugin_runner.plugins.ocr.picture import PagePicture
from taskmanager_plugin_runner.plugins.ocr.profile import Output, Profile
from taskmanager_plugin_runner.plugins.pages import Page, PageReader
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

RESULTS_FOLDER: Final = "ocr"
"""Below the destination, unless that is it: Goobi expects `ocr/<title>_alto` in the folder of a process."""
_COMPLAINT: Final = re.compile(r"^Error .*", re.MULTILINE)
"""Tesseract ends with 0 on pictures that it cannot read, and says so only here."""
_BASE: Final = "result"
_SWITCHES: Final = {
    Output.ALTO: "tessedit_create_alto=1",
    Output.TEXT: "tessedit_create_txt=1",
    Output.HOCR: "tessedit_create_hocr=1",
    Output.PDF: "tessedit_create_pdf=1",
}
_CONSTANT: Final = ("-c", "textonly_pdf=1", "-c", "page_separator=")
ONE_THREAD: Final = {"OMP_THREAD_LIMIT": "1"}
"""Two threads of Tesseract's own take four times as much processor time for a page; pages go side by side."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The results of one page, and what they say."""

    files: tuple[Path, ...]
    text: Text
    notes: tuple[str, ...]


class Recognition:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: OcrParameters) -> None:
        self._context, self._profile, self._parameters = context, profile, parameters
        self._font_type = parameters.font_type or profile.font_type
        self._mode = parameters.page_segmentation or profile.page_segmentation
        self._dpi = parameters.dpi_if_missing or profile.dpi_if_missing
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._parallel = profile.parallel or default_parallel()
        self._folder_of_models = ["--tessdata-dir", str(profile.models)] if profile.models else []

    def run(self) -> None:
        """Read all pages; raises JobFailedError if there are none or one cannot be read."""
        taken = workpieces.take(self._context, SUFFIXES)
        workpieces.require_distinct(taken)
        languages = self._parameters.language or self._profile.language
        self._models = models.choose(languages, self._font_type, self._mode, self._installed())
        self._numbers = {file: number for number, file in enumerate(taken, start=1)}
        for output in self._profile.outputs:
            self._folder(output).mkdir(parents=True)
        self._pages = PageReader(self._context, self._parameters.pages, compressing=False)
        existing = self._parameters.existing
        expected = [self._target(output, file.stem) for output in self._profile.outputs for file in taken]
        self._pages.settle(existing, expected, begun=False)
        parallel = min(self._parallel, len(taken))
        with DecodingPool(parallel, self._pages.memory_bytes, self._context.checkpoint) as self._pool:
            for_each_file(self._context, taken, self._read_file, parallel)
        made = [path for path in self._context.output.rglob("*") if path.is_file()]
        self._pages.settle(existing, made, begun=True)

    def _installed(self) -> list[str]:
        said = self._context.run_tool(
            ["tesseract", "--list-langs", *self._folder_of_models], time_limit=self._time_limit
        )
        return models.listed(said.stdout)

    def _folder(self, output: Output) -> Path:
        spec = self._context.spec
        title = spec.work_title or "pages"
        given = Path(spec.destination or "").name == RESULTS_FOLDER
        above = self._context.output if given else self._context.output / RESULTS_FOLDER
        return above / f"{Path(title).name}_{output.value}"

    def _target(self, output: Output, stem: str) -> Path:
        return self._folder(output) / f"{stem}{output.suffix}"

    def _read_file(self, file: Path) -> None:
        began = time.monotonic()
        pages = self._pages.read(self._pool, file, self._time_limit)
        read = [self._read_page(file, page) for page in pages]
        self._context.record(self._record(file, pages, read, time.monotonic() - began))

    def _read_page(self, file: Path, page: Page) -> _Read:
        folder = self._context.scratch / f"{self._numbers[file]:06d}-{page.number:04d}"
        folder.mkdir()
        quality = self._profile.jpeg_quality if Output.PDF in self._profile.outputs else None
        with self._pool.room(page.memory_bytes):
            shown = self._pool.call(
                picture.make, file, page.facts, folder, self._dpi, quality, time_limit=self._time_limit
            )
            settings = self._recognise(shown, folder)
        text, files = self._finish(file, page, shown, folder, settings)
        shutil.rmtree(folder)
        return _Read(files, text, (*shown.notes, *self._remarks(text)))

    def _recognise(self, shown: PagePicture, folder: Path) -> str:
        """Run Tesseract on one page and return the options that decide what it reads.

        Raises ToolFailedError if it fails or complains.
        """
        options = ["-l", "+".join(self._models), "--psm", str(self._mode), "--dpi", str(shown.dpi)]
        switches = [word for one in self._profile.outputs for word in ("-c", _SWITCHES[one])]
        result = self._context.run_tool(
            ["tesseract", str(shown.path), _BASE, *self._folder_of_models, *options, *_CONSTANT, *switches],
            cwd=folder,
            environment=ONE_THREAD,
            time_limit=self._time_limit,
        )
        if complaint := _COMPLAINT.search(result.stderr):
            raise ToolFailedError(texts.TOOL_COMPLAINS(said=complaint[0]))
        return " ".join(options)

    def _finish(
        self, file: Path, page: Page, shown: PagePicture, folder: Path, settings: str
    ) -> tuple[Text, tuple[Path, ...]]:
        """Check everything that Tesseract wrote for one page, then move it to its place."""
        made = {output: folder / f"{_BASE}{output.suffix}" for output in self._profile.outputs}
        for output, path in made.items():
            if not path.is_file():
                raise ToolFailedError(texts.RESULT_MISSING(suffix=output.suffix))
        alto.convert(made[Output.ALTO], file.name, settings)
        text = results.require_alto(made[Output.ALTO], shown)
        for output, path in made.items():
            results.finish(output, path, shown, file.name, text)
        placed = tuple(path.replace(self._target(output, page.stem)) for output, path in made.items())
        for path in placed:
            self._context.finished(path)
        return text, placed

    def _remarks(self, text: Text) -> tuple[str, ...]:
        limit = self._profile.confidence_limit
        if text.confidence is None:
            return (texts.BLANK(),)
        return (texts.UNSURE(mean=text.confidence, limit=limit),) if text.confidence < limit else ()

    def _record(self, file: Path, pages: Sequence[Page], read: Sequence[_Read], seconds: float) -> FileRecord:
        files = [path for one in read for path in one.files]
        words = sum(len(one.text.words) for one in read)
        sure = [one.text.confidence for one in read if one.text.confidence is not None]
        notes = [*pages[0].notes, *(note for one in read for note in one.notes)]
        return FileRecord(
            name=file.name,
            state=FileState.DONE,
            results=tuple(str(path.relative_to(self._context.output)) for path in files),
            facts=pages[0].facts.as_record(),
            result_facts={"words": words, **({"confidence": f"{min(sure)} %"} if sure else {})},
            bytes=file.stat().st_size,
            result_bytes=sum(path.stat().st_size for path in files),
            seconds=seconds,
            warnings=tuple(dict.fromkeys(notes)),
        )

"""Runs one PDF job: makes the PDF of every page, joins them, and checks what was made."""

import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import process_parts
from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import Bookmark, bookmarks
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work
from taskmanager_plugin_runner.plugins.pages import Page, PageReader
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.parameters import Pages
from taskmanager_plugin_runner.plugins.pdf import book, checking, page, texts
from taskmanager_plugin_runner.plugins.pdf.book import BookFacts
from taskmanager_plugin_runner.plugins.pdf.page import MadePage, Making
from taskmanager_plugin_runner.plugins.pdf.parameters import Output, PdfParameters
from taskmanager_plugin_runner.plugins.pdf.planning import Plan, plan
from taskmanager_plugin_runner.plugins.pdf.profile import Mismatch, Profile
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

_TEXT_SUFFIXES: Final = (".xml",)
_BOOK_TIME: Final = timedelta(hours=1)
"""For joining all pages, and for each check of the whole book."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A page that is done."""

    file: Path
    facts: PictureFacts
    page: MadePage


class PdfJob:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: PdfParameters) -> None:
        self._context, self._parameters = context, parameters
        self._profile = profile.with_parameters(parameters)
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._making = Making(
            self._profile.compression,
            self._profile.jpeg_quality,
            self._profile.longest_side,
            profile.dpi_if_missing,
        )
        self._place = process_parts.place_of_results(context, "pdf")
        self._parallel = profile.parallel or default_parallel()

    def run(self) -> None:
        """Make everything; raises JobFailedError with the page and the reason."""
        work = process_parts.work(self._context, self._profile.metadata)
        planned = self._plan(work)
        for warning in planned.warnings:
            self._context.log.warning(warning)
        self._numbers = {one.picture: number for number, one in enumerate(planned.pages, start=1)}
        self._planned = {one.picture: one for one in planned.pages}
        self._made: dict[Path, _Made] = {}
        self._place.mkdir(parents=True, exist_ok=True)
        if Output.PAGES in self._profile.outputs:
            expected = self._expected(planned)
            if len(set(expected)) < len(expected):
                raise JobFailedError(texts.SAME_NAME(name=self._book_file.name))
            self._context.existing(self._parameters.existing, expected)
        self._pages = PageReader(self._context, Pages.FIRST, compressing=False)
        parallel = min(self._parallel, len(planned.pages))
        with DecodingPool(parallel, self._pages.memory_bytes, self._context.checkpoint) as self._pool:
            for_each_file(self._context, list(self._planned), self._make_page, parallel)
            if Output.BOOK in self._profile.outputs:
                self._make_book(planned, work)

    def _plan(self, work: Work) -> Plan:
        pictures = process_parts.found(self._context, self._profile.pictures, SUFFIXES)
        if not pictures:
            raise JobFailedError(texts.NO_PICTURES(pattern=self._profile.pictures))
        text_files = (
            process_parts.found(self._context, self._profile.texts, _TEXT_SUFFIXES)
            if self._profile.texts
            else []
        )
        self._with_text = bool(text_files) or self._profile.text_required
        return plan(
            pictures,
            text_files,
            work,
            self._parameters.pages,
            refuse_mismatch=self._profile.mismatch is Mismatch.REFUSE,
        )

    def _name(self) -> str:
        source = self._context.source
        stem = source.stem if source is not None and source.is_file() else ""
        title = Path(self._context.spec.work_title).name or stem or "book"
        return Path(self._profile.name.replace("{title}", title).replace("{stem}", stem or title)).name

    def _expected(self, planned: Plan) -> list[Path]:
        pages = [self._place / f"{one.picture.stem}.pdf" for one in planned.pages]
        return [*pages, *([self._book_file] if Output.BOOK in self._profile.outputs else [])]

    @property
    def _book_file(self) -> Path:
        return self._place / f"{self._name()}.pdf"

    def _make_page(self, picture: Path) -> None:
        began, planned = time.monotonic(), self._planned[picture]
        if planned.text is None and self._profile.text_required:
            raise JobFailedError(texts.NO_TEXT())
        (read,) = self._pages.read(self._pool, picture, self._time_limit)
        folder = self._context.scratch / f"{self._numbers[picture]:06d}"
        folder.mkdir()
        file = folder / f"{picture.stem}.pdf"
        with self._pool.room(read.memory_bytes):
            made: MadePage = self._pool.call(
                page.make,
                picture,
                read.facts,
                planned.text,
                folder,
                file,
                self._making,
                time_limit=self._time_limit,
            )
        notes = [*read.notes, *made.notes]
        if planned.text is None and self._with_text:
            notes.append(texts.NO_TEXT())
        if Output.PAGES in self._profile.outputs:
            self._check_page(picture, file, read.facts, made)
            file = self._finish_page(file)
        self._made[picture] = _Made(file, read.facts, made)
        self._context.record(self._record(picture, read, made, file, notes, time.monotonic() - began))

    def _check_page(self, picture: Path, file: Path, facts: PictureFacts, made: MadePage) -> None:
        self._pool.call(checking.require_sound, file, 1, time_limit=self._time_limit)
        checking.require_text(self._context, file, [made.letters], file.parent, self._time_limit)
        if self._numbers[picture] in {1, len(self._numbers)}:
            self._compare(file, 1, picture, facts, file.parent)

    def _compare(self, file: Path, number: int, picture: Path, facts: PictureFacts, folder: Path) -> None:
        """Raise JobFailedError unless that page of a PDF looks like its picture."""
        shown = checking.render(self._context, file, number, folder, self._time_limit)
        self._pool.call(checking.require_picture, shown, picture, facts, number, time_limit=self._time_limit)

    def _finish_page(self, file: Path) -> Path:
        target = self._place / file.name
        if Output.BOOK in self._profile.outputs:
            shutil.copyfile(file, target)  # the book is joined of the other
            self._context.finished(target)
            return file
        file.replace(target)
        self._context.finished(target)
        return target

    def _record(
        self, picture: Path, read: Page, made: MadePage, file: Path, notes: list[str], seconds: float
    ) -> FileRecord:
        size = f"{made.size[0]:.0f} x {made.size[1]:.0f} pt"
        return FileRecord(
            name=picture.name,
            state=FileState.DONE,
            results=(file.name,) if Output.PAGES in self._profile.outputs else (),
            facts=read.facts.as_record(),
            result_facts={"picture": made.embedded, "size": size, "words": made.words},
            bytes=picture.stat().st_size,
            result_bytes=file.stat().st_size,
            seconds=seconds,
            warnings=tuple(dict.fromkeys(notes)),
        )

    def _make_book(self, planned: Plan, work: Work) -> None:
        began, context, target = time.monotonic(), self._context, self._book_file
        made = [self._made[one.picture] for one in planned.pages]
        facts = self._book_facts(planned, work)
        folder = context.scratch / "book"
        folder.mkdir()
        context.checkpoint()
        try:
            self._pool.call(
                book.join, [one.file for one in made], facts, folder, target, time_limit=_BOOK_TIME
            )
            context.checkpoint()
            self._check_book(target, planned, made, folder)
        except JobFailedError as error:
            context.record(FileRecord(name=target.name, state=FileState.FAILED, error=told(error)))
            raise
        context.finished(target)
        context.record(
            FileRecord(
                name=target.name,
                state=FileState.DONE,
                results=(str(target.relative_to(context.output)),),
                result_facts={
                    "pages": len(made),
                    "words": sum(one.page.words for one in made),
                    "bookmarks": Bookmark.number(facts.bookmarks),
                },
                result_bytes=target.stat().st_size,
                seconds=time.monotonic() - began,
            )
        )

    def _book_facts(self, planned: Plan, work: Work) -> BookFacts:
        place_of = {one.of_work: place for place, one in enumerate(planned.pages) if one.of_work is not None}
        return BookFacts(
            work.description.title or self._name(),
            work.description,
            tuple(bookmarks(work.divisions, [*map(str, self._profile.titles)], place_of)),
            tuple(one.label for one in planned.pages),
        )

    def _check_book(self, target: Path, planned: Plan, made: list[_Made], folder: Path) -> None:
        self._pool.call(checking.require_sound, target, len(made), time_limit=_BOOK_TIME)
        self._context.checkpoint()
        letters = [one.page.letters for one in made]
        checking.require_text(self._context, target, letters, folder, _BOOK_TIME)
        for number in sorted({1, len(made)}):
            self._context.checkpoint()
            picture = planned.pages[number - 1].picture
            self._compare(target, number, picture, made[number - 1].facts, folder)

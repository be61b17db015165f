"""Runs one EPUB job: reads the text of every page, makes the files, packs and checks them."""

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import process_parts
from taskmanager_plugin_runner.plugins.epub import checking, content, package, pages, texts
from taskmanager_plugin_runner.plugins.epub.content import ContentPage
from taskmanager_plugin_runner.plugins.epub.package import PackageFacts
from taskmanager_plugin_runner.plugins.epub.paragraphs import Paragraph
from taskmanager_plugin_runner.plugins.epub.parameters import EpubParameters
from taskmanager_plugin_runner.plugins.epub.planning import Plan, PlannedPage, plan
from taskmanager_plugin_runner.plugins.epub.profile import Epubcheck, Profile
from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import Bookmark
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

_TEXT_SUFFIXES: Final = (".xml", ".txt")


class EpubJob:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: EpubParameters) -> None:
        self._context, self._profile = context, profile.with_parameters(parameters)
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._place = process_parts.place_of_results(context, "epub")

    def run(self) -> None:
        """Make the EPUB; raises JobFailedError with the page and the reason."""
        work = process_parts.work(self._context, self._profile.metadata)
        planned = self._plan(work)
        for warning in planned.warnings:
            self._context.log.warning(warning)
        self._folder = self._context.scratch / "pictures"
        self._folder.mkdir()
        self._of_file = {one.text or one.picture: one for one in planned.pages}
        self._paragraphs: dict[PlannedPage, tuple[Paragraph, ...]] = {}
        files = [file for file in self._of_file if file is not None]
        parallel = min(self._profile.parallel or default_parallel(), len(files))
        numbers = {one: number for number, one in enumerate(planned.pages, start=1)}
        self._pictures = {one: self._folder / f"{number:05d}.jpg" for one, number in numbers.items()}
        with DecodingPool(parallel, memory.allowed(), self._context.checkpoint) as self._pool:
            for_each_file(self._context, files, self._read_page, parallel)
        self._make(planned, work)

    def _plan(self, work: Work) -> Plan:
        context, profile = self._context, self._profile
        text_files = process_parts.found(context, profile.texts, _TEXT_SUFFIXES)
        text_files = [file for file in text_files if file.name not in {"meta.xml", "mets.xml"}]
        if not text_files:
            raise JobFailedError(texts.NO_TEXTS(pattern=profile.texts))
        pictures = process_parts.found(context, profile.pictures, SUFFIXES) if profile.pictures else []
        return plan(text_files, pictures, work, with_pictures=bool(profile.pictures))

    def _read_page(self, file: Path) -> None:
        planned, profile = self._of_file[file], self._profile
        if planned.text is not None:
            self._paragraphs[planned] = self._pool.call(
                pages.paragraphs, planned.text, profile.running_heads, time_limit=self._time_limit
            )
        if planned.picture is not None:
            self._context.wait_for(planned.picture)
            needed: int = self._pool.call(
                pages.memory_of, planned.picture, memory.allowed(), time_limit=self._time_limit
            )
            with self._pool.room(needed):
                self._pool.call(
                    pages.small_picture,
                    planned.picture,
                    self._pictures[planned],
                    profile.longest_side,
                    profile.jpeg_quality,
                    time_limit=self._time_limit,
                )

    def _name(self) -> str:
        source = self._context.source
        stem = source.stem if source is not None and source.is_file() else ""
        title = Path(self._context.spec.work_title).name or stem or "book"
        return Path(self._profile.name.replace("{title}", title).replace("{stem}", stem or title)).name

    def _make(self, planned: Plan, work: Work) -> None:
        began, context, name = time.monotonic(), self._context, f"{self._name()}.epub"
        made = [self._content(number, one) for number, one in enumerate(planned.pages, start=1)]
        title = work.description.title or self._name()
        facts = PackageFacts(title, work.description, any(one.picture for one in made))
        ends = [*planned.starts[1:], len(made)]
        files = {
            f"part_{number:04d}.xhtml": content.text_file(made[start:end], title, facts.language)
            for number, (start, end) in enumerate(zip(planned.starts, ends, strict=True), start=1)
        }
        spans = zip(files, planned.starts, ends, strict=True)
        file_of = [file for file, start, end in spans for _ in range(start, end)]
        navigation = content.navigation(title, facts.language, planned.contents, made, file_of)
        written = context.scratch / name
        pictures = [self._folder / one.picture for one in made if one.picture is not None]
        package.pack(written, facts, files, pictures, navigation)
        context.checkpoint()
        letters: Counter[str] = Counter()
        for one in made:
            for paragraph in one.paragraphs:
                letters.update("".join(paragraph.text.split()))
        self._check(written, len(made), letters)
        self._place.mkdir(parents=True, exist_ok=True)
        target = written.replace(self._place / name)
        context.finished(target)
        context.record(
            FileRecord(
                name=name,
                state=FileState.DONE,
                results=(str(target.relative_to(context.output)),),
                result_facts={
                    "pages": len(made),
                    "pictures": len(pictures),
                    "characters": letters.total(),
                    "entries of the contents": Bookmark.number(planned.contents),
                },
                result_bytes=target.stat().st_size,
                seconds=time.monotonic() - began,
            )
        )

    def _content(self, number: int, planned: PlannedPage) -> ContentPage:
        picture = self._pictures[planned]
        return ContentPage(
            number,
            planned.label or f"[{number}]",
            self._paragraphs.get(planned, ()),
            picture.name if picture.exists() else None,
        )

    def _check(self, path: Path, count: int, letters: Counter[str]) -> None:
        wanted = self._profile.epubcheck
        try:
            checking.require_sound(path, count, letters)
            if wanted is Epubcheck.ALWAYS or (
                wanted is Epubcheck.IF_INSTALLED and checking.epubcheck_command()
            ):
                checking.epubcheck(self._context, path, self._time_limit)
        except JobFailedError as error:
            self._context.record(FileRecord(name=path.name, state=FileState.FAILED, error=told(error)))
            raise

"""The pages that a job takes from a source file, with the names of their results and the memory they need."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.parameters import Pages
from taskmanager_plugin_runner.plugins.pictures import formats, memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number in the file from 1, the stem of its results, its facts, and notes about it."""

    number: int
    stem: str
    facts: PictureFacts
    memory_bytes: int
    notes: tuple[str, ...] = ()

    def said(self, error: str) -> str:
        """The beginning of an error message, if the file has several pages."""
        return picture_texts.OF_PAGE(number=self.number, error=error) if self.facts.pages > 1 else error


class PageReader:
    """What all picture jobs share: which pages to take, and the most memory one may use."""

    def __init__(self, context: JobContext, pages: Pages, *, compressing: bool) -> None:
        """`compressing`: to JPEG 2000, which takes more memory."""
        self._context, self._wanted, self._compressing = context, pages, compressing
        self.memory_bytes = memory.allowed()

    def settle(self, existing: Existing, results: Collection[Path], *, begun: bool) -> None:
        """Have the runner handle the results of earlier jobs, before the work or, if `begun`, after it.

        The number of pages is known beforehand only if just the first page of each file is taken. Whether
        there are results that must not exist is always checked beforehand.
        """
        known = self._wanted is Pages.FIRST
        if known != begun or (existing is Existing.REFUSE and not begun):
            self._context.existing(existing, results)

    def read(self, pool: DecodingPool, file: Path, time_limit: timedelta) -> list[Page]:
        """The pages of a file; raises JobFailedError if it is no picture, unsupported or too large."""
        found: list[PictureFacts] = pool.call(formats.read_facts, file, time_limit=time_limit)
        if self._wanted is Pages.ALL:
            return [
                self._page(facts, number, f"{file.stem}_{number:04d}")
                for number, facts in enumerate(found, 1)
            ]
        page = self._page(found[0], 1, file.stem)
        if len(found) == 1:
            return [page]
        return [replace(page, notes=(picture_texts.ONLY_FIRST_PAGE(number=len(found)),))]

    def _page(self, facts: PictureFacts, number: int, stem: str) -> Page:
        needed = memory.estimate(facts, compressing=self._compressing)
        page = Page(number, stem, facts, needed)
        try:
            memory.require_room(facts, needed, self.memory_bytes)
        except JobFailedError as error:
            raise JobFailedError(page.said(told(error))) from error
        return page

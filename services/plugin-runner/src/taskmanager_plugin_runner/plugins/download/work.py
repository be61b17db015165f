"""Runs one download: what belongs to it, file after file, each checked; then all of them into the output."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.download import checks, texts
from taskmanager_plugin_runner.plugins.download.parameters import DownloadParameters
from taskmanager_plugin_runner.plugins.download.placing import Placing
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.sources import catalogue
from taskmanager_plugin_runner.plugins.download.sources.remote import RemoteFile
from taskmanager_plugin_runner.plugins.download.transfer import store
from taskmanager_plugin_runner.plugins.download.transfer.fetching import Fetcher
from taskmanager_plugin_runner.plugins.download.transfer.store import StoredFile
from taskmanager_plugin_runner.plugins.picture_check import PictureCheck
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool

_SOURCE_DIRECTORY: Final = "sourceDir"
"""What a call of Goobi names as source: for ITM's job type IADOWNLOAD that is the address of the item."""
_TRIES_OF_CONTENT: Final = 2
"""A file that is not what its source says is brought once more, from its beginning."""
_ADDRESS: Final = ("http://", "https://")


class Download:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: DownloadParameters) -> None:
        self._context, self._profile, self._parameters = context, profile, parameters

    def run(self) -> None:
        """Download everything; raises JobFailedError, and TemporaryError if it may succeed later."""
        context, items = self._context, self._items()
        kept = store.folder_of(context.job_id, context.scratch)
        for name in store.forget_old(kept):
            removed = f"the unfinished download of the job {name} was removed"
            context.log.info(removed)
        time_limit = timedelta(seconds=self._profile.time_limit_seconds)
        with (
            DecodingPool(1, memory.allowed(), context.checkpoint) as pool,
            Fetcher(self._profile, context) as self._fetcher,
        ):
            self._check = PictureCheck(context, pool, time_limit)
            wanted = catalogue.wanted(items, self._profile, self._fetcher)
            self._placing = Placing(context, self._profile, self._check)
            files = (*wanted.pages, *wanted.others)
            stored = {one.url: StoredFile.of(kept, one.url) for one in files}
            pages = {one.url for one in wanted.pages}
            for done, remote in enumerate(files):
                context.checkpoint()
                context.progress(done, len(files), remote.name)
                self._bring(remote, stored[remote.url], picture=remote.url in pages and not remote.container)
            self._placing.place(wanted, stored, self._parameters.existing)
        context.progress(len(files), len(files))
        if kept != context.scratch:
            shutil.rmtree(kept)

    def _items(self) -> tuple[str, ...]:
        named = (self._context.spec.extra or {}).get(_SOURCE_DIRECTORY)
        if not self._parameters.item and isinstance(named, str) and named.startswith(_ADDRESS):
            return (named,)
        if not self._parameters.item:
            raise JobFailedError(texts.NO_ITEM())
        return self._parameters.item

    def _bring(self, remote: RemoteFile, stored: StoredFile, *, picture: bool) -> None:
        """Have a file complete and checked in the job's folder, unless an earlier attempt has done so."""
        if stored.is_there():
            self._placing.take_room(remote.name, stored.complete.stat().st_size)
            return
        for last in self._trials():
            self._fetcher.file(remote.url, stored, remote.bytes)
            try:
                checks.require_as_described(remote, stored.part)
                if picture and remote.digest is None:
                    self._check.decoded(stored.part, remote.shown)
                break
            except JobFailedError as error:
                stored.start_again()
                if last:
                    raise
                said = f"{told(error)}; it is brought once more"
                self._context.log.info(said)
        self._placing.take_room(remote.name, stored.part.stat().st_size)
        stored.finish()

    @staticmethod
    def _trials() -> Iterator[bool]:
        """Whether each trial is the last."""
        return (number == _TRIES_OF_CONTENT for number in range(1, _TRIES_OF_CONTENT + 1))

"""Whether a downloaded file is what its source says, or else at least a whole picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.sources.remote import RemoteFile
from taskmanager_plugin_runner.plugins.download.transfer.store import digest_of
from taskmanager_plugin_runner.plugins.pages import PageReader
from taskmanager_plugin_runner.plugins.parameters import Pages
from taskmanager_plugin_runner.plugins.pictures import decoding
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts

_NAMES: Final = {"md5": "MD5", "sha1": "SHA-1"}


def require_as_described(remote: RemoteFile, path: Path) -> None:
    """Compare size and checksum with those that the source gives; raises JobFailedError."""
    size = path.stat().st_size
    if remote.bytes is not None and size != remote.bytes:
        raise JobFailedError(texts.WRONG_SIZE(name=remote.name, found=size, wanted=remote.bytes))
    if remote.digest is not None:
        kind, wanted = remote.digest
        if (found := digest_of(path, kind)) != wanted:
            raise JobFailedError(
                texts.WRONG_DIGEST(kind=_NAMES[kind], name=remote.name, found=found, wanted=wanted)
            )


def _decode(path: Path, facts: PictureFacts) -> None:
    """Runs in a child process; raises JobFailedError for damage."""
    decoding.decode(path, facts)


class PictureCheck:
    """Decodes every picture that has no checksum."""

    def __init__(self, context: JobContext, pool: DecodingPool, time_limit: timedelta) -> None:
        """`time_limit` is for one picture."""
        self._reader = PageReader(context, Pages.ALL, compressing=False)
        self._pool, self._time_limit = pool, time_limit

    def decoded(self, path: Path, name: str) -> PictureFacts:
        """The facts of the first picture of a file, all of which are decoded; raises JobFailedError."""
        with _naming(name):
            pages = self._reader.read(self._pool, path, self._time_limit)
            for page in pages:
                with self._pool.room(page.memory_bytes):
                    self._pool.call(_decode, path, page.facts, time_limit=self._time_limit)
        return pages[0].facts

    def looked_at(self, path: Path, name: str) -> PictureFacts:
        """The facts of the first picture, without decoding it; raises JobFailedError if it is none."""
        with _naming(name):
            return self._reader.read(self._pool, path, self._time_limit)[0].facts


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except JobFailedError as error:
        raise JobFailedError(texts.BAD_PICTURE(name=name, error=told(error))) from error

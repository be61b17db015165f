"""Whether a picture that somebody else made is a whole one: every pixel is decoded, in a child process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.pages import PageReader
from taskmanager_plugin_runner.plugins.parameters import Pages
from taskmanager_plugin_runner.plugins.pictures import decoding
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts


def _decode(path: Path, facts: PictureFacts) -> None:
    """Runs in a child process; raises JobFailedError for damage."""
    decoding.decode(path, facts)


class PictureCheck:
    """Looks into the pictures of one job. Errors begin with the name that the caller gives."""

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
        raise JobFailedError(file_texts.OF_FILE(name=name, error=error)) from error

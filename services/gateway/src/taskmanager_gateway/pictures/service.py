"""Thumbnails, tiles and words of a job's files: each made once, kept, and shared by all who may see the job.

Whoever calls has already found the job for its reader: this asks nobody's rights.
"""

import asyncio
import importlib.util
from dataclasses import dataclass
from datetime import timedelta

from taskmanager.errors import PathRefusedError
from taskmanager.files.roots import Roots
from taskmanager.model.jobs import Job
from taskmanager.model.reasons import PROSE, Reason
from taskmanager.model.reasons.coded_text import reason_of, told
from taskmanager_gateway.codes import pictures, problems
from taskmanager_gateway.http.problems import (
    FILE_SYSTEM_SLOW,
    NO_PICTURE,
    PATH_REFUSED,
    PICTURE_CHANGING,
    PICTURE_UNREADABLE,
    PICTURES_BUSY,
    PICTURES_MISSING,
    ProblemError,
)
from taskmanager_gateway.http.single_flight import flight
from taskmanager_gateway.http.threads import DaemonThreads
from taskmanager_gateway.pictures.cache import Key, PictureCache
from taskmanager_gateway.pictures.pairs import Pair, pairs_of
from taskmanager_gateway.pictures.places import OpenFile, Place, Side, opened, place_of
from taskmanager_gateway.pictures.reader.orders import SIDE_MOST, Failure, Limits, Made, Order, Wanted
from taskmanager_gateway.pictures.readers import (
    ReaderCrashedError,
    Readers,
    ReadersBusyError,
    ReaderSlowError,
)
from taskmanager_gateway.pictures.settings import PictureSettings

OPENING_THREADS = 4
OPENING_TIME = timedelta(seconds=3)
LIBRARIES = ("pyvips", "PIL")


@dataclass(frozen=True, slots=True)
class Shown:
    """What was made of a file, and of which state of it."""

    made: Made
    version: str


class Pictures:
    """The pictures of one gateway."""

    def __init__(self, roots: Roots, settings: PictureSettings, readers: Readers) -> None:
        """Reads only what is inside of `roots`; `readers` decode it, and end with this."""
        self._roots, self._limits = roots, settings.limits
        self._threads = DaemonThreads(OPENING_THREADS, "picture-files")
        self._readers = readers
        self._cache = PictureCache(settings.cache_bytes)
        self._flights: dict[Key, asyncio.Task[Made]] = {}
        self.refusal = _refusal(settings)
        """Why this gateway shows no picture at all; None if it does."""

    async def show(self, job: Job, side: Side, name: str, wanted: Wanted, page: int = 1) -> Shown:
        """What is wanted of a file that `job` names; raises ProblemError with the reason if there is none."""
        if self.refusal is not None:
            raise ProblemError(PICTURES_MISSING, self.refusal)
        place = place_of(job.spec, side, name)
        if place is None:
            raise ProblemError(NO_PICTURE, pictures.NOT_THERE(name=name[:200]))
        file = await self._opened(place)
        key = Key(file.version, wanted, page)
        made = self._cache.get(key)
        if made is None and key not in self._flights:
            self._flights[key] = flight(self._make(key, file), "picture")
        else:
            file.close()
        if made is None:
            made = await asyncio.shield(self._flights[key])
        if made.failure is not None:
            raise _problem(made, self._limits)
        return Shown(made, key.version)

    async def pairs(self, job: Job) -> tuple[Pair, ...]:
        """The files in the folders of a job, for one that has reported none; none if they cannot be seen.

        Raises ProblemError if the file system does not answer.
        """
        try:
            async with asyncio.timeout(OPENING_TIME.total_seconds()):
                return await self._threads.run(lambda: pairs_of(job.spec, self._roots))
        except TimeoutError as error:
            raise ProblemError(FILE_SYSTEM_SLOW, problems.FOLDERS_SLOW()) from error
        except (
            PathRefusedError,
            OSError,
        ):  # the folders are not on this machine: nothing is to be seen of them
            return ()

    def close(self) -> None:
        """End the reading processes and let the threads finish."""
        self._readers.close()
        self._threads.close()

    async def _opened(self, place: Place) -> OpenFile:
        try:
            async with asyncio.timeout(OPENING_TIME.total_seconds()):
                return await self._threads.run(lambda: opened(place, self._roots))
        except TimeoutError as error:
            raise ProblemError(FILE_SYSTEM_SLOW, problems.FOLDERS_SLOW()) from error
        except PathRefusedError as error:
            raise ProblemError(PATH_REFUSED, reason_of(told(error)) or PROSE(text=str(error))) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ProblemError(NO_PICTURE, pictures.NOT_THERE(name=place.name)) from error
        except OSError as error:
            detail = pictures.UNREADABLE(name=place.name, error=error.strerror or str(error))
            raise ProblemError(PICTURE_UNREADABLE, detail) from error

    async def _make(self, key: Key, file: OpenFile) -> Made:
        """Have it made and keep it; closes the file."""
        try:
            made = await self._readers.made(Order(key.wanted, key.page), file.file)
            if file.changed():
                raise ProblemError(PICTURE_CHANGING, pictures.CHANGING())
            self._cache.put(key, made)
        except ReadersBusyError as error:
            raise ProblemError(PICTURES_BUSY, pictures.BUSY()) from error
        except ReaderSlowError as error:
            raise ProblemError(
                PICTURE_UNREADABLE, pictures.SLOW(seconds=f"{self._limits.seconds:g}")
            ) from error
        except ReaderCrashedError as error:
            raise ProblemError(PICTURE_UNREADABLE, pictures.CRASHED(how=str(error))) from error
        finally:
            file.close()
            del self._flights[key]
        return made


def _refusal(settings: PictureSettings) -> Reason | None:
    if settings.processes == 0:
        return pictures.OFF()
    if any(importlib.util.find_spec(name) is None for name in LIBRARIES):
        return pictures.NO_LIBRARY()
    return None


def _problem(made: Made, limits: Limits) -> ProblemError:
    """Why nothing could be made, as an answer to the reader."""
    match made.failure:
        case Failure.NO_LIBRARY:
            return ProblemError(PICTURES_MISSING, pictures.NO_LIBRARY())
        case Failure.TOO_LARGE:
            detail = pictures.TOO_LARGE(size=made.detail, most=limits.pixels // 1_000_000, side=SIDE_MOST)
        case Failure.MEMORY:
            detail = pictures.MEMORY(most=limits.memory_bytes // 1_000_000)
        case Failure.NO_PICTURE:
            detail = pictures.NO_PICTURE()
        case Failure.NO_PAGE:
            detail = pictures.NO_PAGE()
        case Failure.NO_ALTO:
            detail = pictures.NO_ALTO(error=made.detail or None)
        case _:
            detail = pictures.DAMAGED(error=made.detail)
    return ProblemError(PICTURE_UNREADABLE, detail)

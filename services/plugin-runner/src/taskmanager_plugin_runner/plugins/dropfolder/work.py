"""Runs one job for an engine: tickets are handed over, watched and fetched, until none is left."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.dropfolder import filling, looking, texts, tickets
from taskmanager_plugin_runner.plugins.dropfolder.engine import Engine, NoRoomError
from taskmanager_plugin_runner.plugins.dropfolder.looking import Seen, Sorted, Step
from taskmanager_plugin_runner.plugins.dropfolder.notes import State
from taskmanager_plugin_runner.plugins.dropfolder.parameters import DropFolderParameters
from taskmanager_plugin_runner.plugins.dropfolder.profile import Profile
from taskmanager_plugin_runner.plugins.dropfolder.results import Fetching, StillWritingError
from taskmanager_plugin_runner.plugins.dropfolder.tickets import Ticket
from taskmanager_plugin_runner.plugins.picture_check import PictureCheck
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool

_LOOK_SECONDS: Final = 0.5
"""The longest time between two checkpoints while nothing is to be done."""
_LEFT_SECONDS: Final = 24 * 3600.0
"""The answer to a ticket whose job has ended is kept for another attempt for so long."""


class _Watch:
    """One ticket, what was seen of it last, and since when that is so (monotonic seconds)."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.seen: Seen | None = None
        self.since = 0.0

    def look(self, engine: Engine) -> Seen:
        """Look again."""
        seen = engine.look(self.ticket.name)
        if seen != self.seen:
            self.seen, self.since = seen, time.monotonic()
        return seen

    @property
    def answer(self) -> Mapping[str, int]:
        """The files of the answer that were seen last, with their sizes."""
        return self.seen.answer if self.seen is not None else {}

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has changed."""
        return time.monotonic() - self.since


class EngineJob:
    """One job with its template."""

    def __init__(self, context: JobContext, profile: Profile, parameters: DropFolderParameters) -> None:
        self._context, self._profile, self._parameters = context, profile, parameters
        self._places = filling.folder_places(profile, parameters)
        self._title = filling.title_of(context)
        self._done = 0
        self._room_since: float | None = None

    def run(self) -> None:
        """Have all pictures worked on; raises JobFailedError, and TemporaryError if it may succeed later."""
        context, profile = self._context, self._profile
        taken = workpieces.take(context, profile.suffixes)
        workpieces.require_distinct(taken)
        self._require_free(taken_names={file.name for file in taken})
        self._engine = Engine(profile, self._places, context.checkpoint)
        self._total = len(taken)
        divided = tickets.divide(
            [tickets.picture(file) for file in taken],
            context.job_id,
            self._title,
            profile.pictures_most,
            profile.bytes_most,
        )
        time_limit = timedelta(seconds=profile.time_limit_seconds)
        with DecodingPool(1, memory.allowed(), context.checkpoint) as pool, self._away_if_unusable():
            folders = {
                suffix: context.output / filling.result_folder(folder, self._title)
                for suffix, folder in profile.results.items()
            }
            self._fetching = Fetching(folders, PictureCheck(context, pool, time_limit))
            expected = [
                self._fetching.target(file.stem, suffix) for file in taken for suffix in profile.required
            ]
            context.existing(self._parameters.existing, expected)
            self._forget_old({one.name for one in divided})
            self._work(divided)
            for ticket in divided:
                self._engine.clear(ticket.name)
                self._engine.notes.write(ticket.name, State.FETCHED)

    @contextmanager
    def _away_if_unusable(self) -> Iterator[None]:
        """A share that is away for a while is no verdict about the pictures."""
        try:
            yield
        except OSError as error:
            if self._engine.owns(error):
                raise TemporaryError(texts.AWAY(error=error)) from error
            raise

    def _require_free(self, taken_names: set[str]) -> None:
        """Raise JobFailedError if a picture has the name of a file that is put beside it."""
        beside = {path.name for path in self._profile.copied_along}
        about = self._profile.ticket_file
        if about is not None and about.place == "ticket":
            beside.add(about.name)
        for name in sorted(beside & taken_names):
            raise JobFailedError(texts.RESERVED_NAME(name=name))

    def _forget_old(self, own: set[str]) -> None:
        """Remove what engines have left for tickets that nobody waits for."""
        engine, prefix = self._engine, tickets.prefix_of(self._context.job_id, self._title)
        for name, state, age in list(engine.notes.tickets()):
            if name in own:
                continue
            answered = (engine.output / name).exists()
            if state is State.FETCHED and answered:
                self._context.log.info(texts.ANSWERED_AGAIN(ticket=name))
                engine.clear(name)
            elif name.startswith(prefix):  # of earlier pictures of this job
                engine.take_back(name)
                engine.clear(name)
                engine.notes.forget(name)
            elif state is State.LEFT and age > _LEFT_SECONDS and answered:
                engine.clear(name)
                engine.notes.write(name, State.FETCHED)
            elif engine.notes.is_old(age):
                engine.notes.forget(name)

    def _work(self, divided: list[Ticket]) -> None:
        """Until all tickets are fetched; whatever ends it before takes back what the engine has not begun."""
        waiting = [_Watch(ticket) for ticket in divided]
        try:
            while waiting:
                self._tell(waiting[0])
                under_way = waiting[: self._profile.at_once]
                fetched = [watch for watch in under_way if self._turn(watch)]
                waiting = [watch for watch in waiting if watch not in fetched]
                if waiting and not fetched:
                    self._rest(self._profile.poll_seconds)
        except BaseException:
            self._take_back(waiting)
            raise

    def _turn(self, watch: _Watch) -> bool:
        """Do what is next about one ticket; whether its results have been fetched."""
        name = watch.ticket.name
        seen = watch.look(self._engine)
        found = looking.sort_out(seen.answer, self._profile.results)
        missing = found.missing([one.path.stem for one in watch.ticket.pictures], self._profile.required)
        settled = watch.quiet_seconds >= self._profile.settled_seconds
        step = looking.next_step(seen, missing, settled=settled)
        if step is Step.FETCH:
            try:
                return self._fetch(watch, found)
            except JobFailedError:
                self._engine.put_aside(name)
                raise
        if step is Step.HAND_OVER:
            self._hand_over(watch)
        elif step is Step.WAIT:
            self._require_sign_of_life(watch)
        else:
            self._engine.put_aside(name)
            if step is Step.FAIL:
                said = seen.failed or texts.NOT_SAID()
                raise JobFailedError(texts.FAILED(ticket=name, said=said))
            names = ", ".join(missing[:10]) + (", ..." if missing[10:] else "")
            raise JobFailedError(texts.INCOMPLETE(ticket=name, number=len(missing), names=names))
        return False

    def _hand_over(self, watch: _Watch) -> None:
        ticket = watch.ticket
        extra = filling.extra_of(self._profile, ticket, self._context, self._places)
        try:
            self._engine.hand_over(ticket, extra)
        except NoRoomError as error:
            self._room_since = self._room_since or time.monotonic()
            if time.monotonic() - self._room_since >= self._profile.silent_seconds:
                raise TemporaryError(
                    texts.FULL(
                        folder=self._engine.input, seconds=round(self._profile.silent_seconds), reason=error
                    )
                ) from error
            return
        self._room_since = None
        handed_over = f"the ticket {ticket.name} with {len(ticket.pictures)} picture(s) was handed over"
        self._context.log.info(handed_over)

    def _require_sign_of_life(self, watch: _Watch) -> None:
        if watch.quiet_seconds >= self._profile.silent_seconds:
            name = watch.ticket.name
            self._engine.take_back(name)
            self._engine.notes.forget(name)  # the next attempt hands it over again
            raise TemporaryError(texts.SILENT(seconds=round(self._profile.silent_seconds), ticket=name))

    def _fetch(self, watch: _Watch, found: Sorted) -> bool:
        """Fetch the results of a ticket; they stay in the output until all tickets are fetched.

        Returns whether they are complete: what was fetched of an answer that still changes is overwritten.
        """
        context, name = self._context, watch.ticket.name
        looking.require_asked(found, {one.path.stem for one in watch.ticket.pictures}, name)
        try:
            fetched = self._fetching.fetch(
                self._engine.output / name, found, watch.answer, context.checkpoint
            )
        except StillWritingError:
            return False
        if found.others:
            others = f"{name}: not named by the template and left out: {', '.join(found.others[:10])}"
            context.log.info(others)
        for one in watch.ticket.pictures:
            context.checkpoint()
            results = fetched.get(one.path.stem, [])
            self._fetching.require_size_of(one.path, results)
            for path in results:
                context.finished(path)
            context.record(
                FileRecord(
                    name=one.path.name,
                    state=FileState.DONE,
                    results=tuple(str(path.relative_to(context.output)) for path in results),
                    bytes=one.size,
                    result_bytes=sum(path.stat().st_size for path in results),
                )
            )
        self._done += len(watch.ticket.pictures)
        context.progress(self._done, self._total)
        return True

    def _tell(self, watch: _Watch) -> None:
        """Progress: the pictures of fetched tickets, and those of this one that have an answer."""
        found = looking.sort_out(watch.answer, self._profile.results)
        answered = len({stem for stem, _ in found.results})
        done = min(self._done + answered, self._total)
        self._context.progress(done, self._total, watch.ticket.name)

    def _take_back(self, waiting: list[_Watch]) -> None:
        for watch in waiting:
            name = watch.ticket.name
            try:
                if self._engine.take_back(name):
                    self._context.log.info(texts.TAKEN_BACK(ticket=name))
                elif self._engine.notes.read(name) is State.HANDED_OVER:
                    self._engine.notes.write(name, State.LEFT)
                    self._context.log.info(texts.LEFT_TO_IT(ticket=name))
            except OSError as error:
                self._context.log.warning(texts.NOT_TIDIED(ticket=name, error=error))

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._context.checkpoint()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
            self._context.checkpoint()

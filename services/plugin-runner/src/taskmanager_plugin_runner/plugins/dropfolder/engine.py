"""The folders of one engine: handing a ticket over, looking, taking it back. Decides nothing."""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taskmanager.errors import TemporaryError
from taskmanager_plugin_runner.plugins.dropfolder import texts
from taskmanager_plugin_runner.plugins.dropfolder.looking import Seen
from taskmanager_plugin_runner.plugins.dropfolder.notes import Notes, State
from taskmanager_plugin_runner.plugins.dropfolder.profile import Profile
from taskmanager_plugin_runner.plugins.dropfolder.tickets import Ticket

TEMPORARY: Final = "_temp_"
"""How the name of a folder begins that the engine must not take yet."""
SEEN: Final = "_seen_"
"""How a folder of the engine is called after it was the reason for an error."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_OF_SHARES: Final = frozenset(
    {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH}
)
_CHUNK_BYTES: Final = 4 * 1024 * 1024
_SAID_MOST: Final = 1_000
_SPOKEN: Final = frozenset({".txt", ".log", ".xml"})


class NoRoomError(Exception):
    """The input folder takes no more for now; the text says why."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A file about a ticket: its name, its place as in the template, its text."""

    name: str
    place: str
    text: str


class Engine:
    """The folders as a template names them for one job."""

    def __init__(self, profile: Profile, places: Mapping[str, str], check: Callable[[], None]) -> None:
        """`places` fill the names of the folders; `check` is called between pieces of a file.

        Raises TemporaryError if a folder is not there.
        """
        self._profile, self._check = profile, check
        self.input = self._there(profile.input, places)
        self.output = self._there(profile.output, places)
        self._errors = self._there(profile.errors, places) if profile.errors else None
        self._control = self._there(profile.control, places) if profile.control else None
        self.notes = Notes(self.output)

    @staticmethod
    def _there(folder: str, places: Mapping[str, str]) -> Path:
        path = Path(folder.format_map(places))
        if not path.is_dir():
            raise TemporaryError(texts.NO_FOLDER(folder=path))
        return path

    def look(self, ticket: str) -> Seen:
        """What the folders show of a ticket."""
        return Seen(
            handed_over=self.notes.read(ticket) in {State.HANDED_OVER, State.LEFT},
            unfinished=(self.input / f"{TEMPORARY}{ticket}").is_dir(),
            in_input=(self.input / ticket).is_dir(),
            begun=self._told(ticket, self._profile.begun),
            done=self._told(ticket, self._profile.done) if self._control is not None else None,
            failed=self._failure(ticket),
            answer=self._answer(ticket),
        )

    def _told(self, ticket: str, suffix: str) -> bool:
        return self._control is not None and (self._control / f"{ticket}{suffix}").exists()

    def _failure(self, ticket: str) -> str | None:
        if self._control is not None:
            told = self._control / f"{ticket}{self._profile.failed}"
            if told.is_file():
                return _text_of(told)
        if self._errors is None or not (self._errors / ticket).exists():
            return None
        place = self._errors / ticket
        if place.is_file():
            return _text_of(place)
        spoken = sorted(one for one in place.rglob("*") if one.suffix.lower() in _SPOKEN and one.is_file())
        return _text_of(spoken[0]) if spoken else ""

    def _answer(self, ticket: str) -> dict[str, int]:
        """The files of an answer with their sizes; one that vanishes meanwhile is not there."""
        folder, found = self.output / ticket, dict[str, int]()
        for root, _, names in os.walk(folder):
            for name in names:
                path = Path(root) / name
                with contextlib.suppress(FileNotFoundError):
                    details = path.lstat()
                    if path.is_file() and not path.is_symlink():
                        found[str(path.relative_to(folder))] = details.st_size
        return found

    def hand_over(self, ticket: Ticket, extra: Extra | None) -> None:
        """Write everything under a temporary name, then take that away.

        Raises NoRoomError if the folder is full, with nothing left behind, and OSError.
        """
        self._require_room()
        temporary = self.input / f"{TEMPORARY}{ticket.name}"
        try:
            self._write(ticket, extra, temporary)
        except OSError as error:
            _remove(temporary)
            if error.errno in _NO_ROOM:
                raise NoRoomError(error.strerror) from error
            raise
        self.notes.write(ticket.name, State.HANDED_OVER)
        temporary.rename(self.input / ticket.name)
        if extra is not None and extra.place != "ticket":
            folder = self._place_of(extra.place)
            fresh = folder / f"{TEMPORARY}{extra.name}"
            fresh.write_text(extra.text, encoding="utf-8")
            fresh.rename(folder / extra.name)

    def _write(self, ticket: Ticket, extra: Extra | None, temporary: Path) -> None:
        _remove(temporary)
        temporary.mkdir()
        for one in ticket.pictures:
            self._copy(one.path, temporary / one.path.name)
        for path in self._profile.copied_along:
            self._copy(path, temporary / path.name)
        if extra is not None and extra.place == "ticket":
            (temporary / extra.name).write_text(extra.text, encoding="utf-8")

    def _copy(self, source: Path, target: Path) -> None:
        with source.open("rb") as reading, target.open("wb") as writing:
            while chunk := reading.read(_CHUNK_BYTES):
                self._check()
                writing.write(chunk)
            writing.flush()
            os.fsync(writing.fileno())

    def _require_room(self) -> None:
        most = self._profile.waiting_most
        if most is None:
            return
        waiting = [
            one for one in self.input.iterdir() if one.is_dir() and not one.name.startswith((".", TEMPORARY))
        ]
        if len(waiting) >= most:
            raise NoRoomError(texts.WAITING(number=len(waiting), most=most))

    def take_back(self, ticket: str) -> bool:
        """Remove a ticket that the engine has not begun with; whether it is gone from the input by this.

        A ticket is first given its temporary name again: either the engine finds it, or we have it.
        """
        temporary = self.input / f"{TEMPORARY}{ticket}"
        taken = False
        if not self._told(ticket, self._profile.begun):
            with contextlib.suppress(FileNotFoundError):
                (self.input / ticket).rename(temporary)
                taken = True
        _remove(temporary)
        if taken:
            self._remove_extra(ticket)
            self.notes.forget(ticket)
        return taken

    def put_aside(self, ticket: str) -> None:
        """Have a ticket that failed out of the way, so that it can be tried again.

        What the engine has left stays under another name, for people to look at.
        """
        for folder in (self.output, self._errors):
            if folder is not None and (folder / ticket).exists():
                _remove(folder / f"{SEEN}{ticket}")
                (folder / ticket).rename(folder / f"{SEEN}{ticket}")
        self.clear(ticket)
        self.notes.forget(ticket)

    def clear(self, ticket: str) -> None:
        """Remove the answer to a ticket, and what was said of it."""
        _remove(self.output / ticket)
        _remove(self.input / ticket)
        self._remove_extra(ticket)
        if self._control is not None:
            for suffix in (self._profile.done, self._profile.failed, self._profile.begun):
                (self._control / f"{ticket}{suffix}").unlink(missing_ok=True)
        if self._errors is not None:
            _remove(self._errors / ticket)

    def owns(self, error: OSError) -> bool:
        """Whether an error is about one of the engine's folders; those of an open file name none."""
        if error.filename is None:
            return error.errno in _OF_SHARES
        folders = [self.input, self.output, self._errors, self._control]
        return any(one is not None and str(error.filename).startswith(str(one)) for one in folders)

    def _remove_extra(self, ticket: str) -> None:
        wanted = self._profile.ticket_file
        if wanted is not None and wanted.place != "ticket":
            (self._place_of(wanted.place) / wanted.name.format_map({"ticket": ticket})).unlink(
                missing_ok=True
            )

    def _place_of(self, place: str) -> Path:
        return self._control if place == "control" and self._control is not None else self.input


def _remove(path: Path) -> None:
    """Remove a folder or file, if it is there; raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_SAID_MOST).decode(errors="replace").strip()

"""Gives everything that was downloaded its place and name in the output, containers unpacked."""

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.existing_results import Existing
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.download import containers, naming, texts
from taskmanager_plugin_runner.plugins.download.profile import Profile
from taskmanager_plugin_runner.plugins.download.sources.remote import RemoteFile, Wanted
from taskmanager_plugin_runner.plugins.download.transfer.store import StoredFile
from taskmanager_plugin_runner.plugins.picture_check import PictureCheck
from taskmanager_plugin_runner.plugins.pictures import formats
from taskmanager_plugin_runner.plugins.pictures.facts import PictureFacts
from taskmanager_plugin_runner.system.memory import size_words


@dataclass(frozen=True, slots=True)
class _Placed:
    """A page in the output, and what is known of it."""

    target: Path
    source: str
    facts: dict[str, JsonValue]
    warnings: tuple[str, ...] = ()


class Placing:
    """The results of one job."""

    def __init__(self, context: JobContext, profile: Profile, check: PictureCheck) -> None:
        self._context, self._profile, self._check = context, profile, check
        self._names, self._left_bytes = naming.Names(), profile.bytes_most
        place = {"process_title": naming.folder_name(context.spec.work_title)}
        self._folder = context.output / profile.folder.format_map(place)
        self._others_folder = context.output / profile.others_folder.format_map(place)

    def take_room(self, name: str, size: int) -> None:
        """Count bytes that were downloaded or unpacked; raises JobFailedError if they are too many."""
        self._left_bytes -= size
        if self._left_bytes < 0:
            raise JobFailedError(texts.TOO_LARGE(name=name, most=size_words(self._profile.bytes_most)))

    def place(self, wanted: Wanted, stored: dict[str, StoredFile], existing: Existing) -> None:
        """Place everything; the pages are numbered in their order. Raises JobFailedError."""
        made: list[_Placed] = []
        numbers = Counter[int]()
        for remote in wanted.pages:
            self._context.checkpoint()
            path = stored[remote.url].complete
            if remote.container:
                made += self._unpacked(remote, path)
            else:
                numbers[remote.volume] += 1
                made.append(self._picture(remote, path, numbers[remote.volume]))
        for remote in wanted.others:
            path = self._others_folder / naming.plain(remote.name, remote.volume)
            _link(stored[remote.url].complete, self._names.give(path))
        self._context.existing(existing, [one.target for one in made])
        self._tell(made, wanted.count)

    def _tell(self, made: list[_Placed], count: int | None) -> None:
        if count is not None and count != len(made):
            name = self._folder.relative_to(self._context.output)
            self._context.log.warning(texts.COUNT_DIFFERS(name=name, found=len(made), wanted=count))
        for one in made:
            self._context.finished(one.target)
            self._context.record(
                FileRecord(
                    name=one.source,
                    state=FileState.DONE,
                    results=(str(one.target.relative_to(self._context.output)),),
                    result_facts=one.facts,
                    result_bytes=one.target.stat().st_size,
                    warnings=one.warnings,
                )
            )

    def _unpacked(self, remote: RemoteFile, path: Path) -> list[_Placed]:
        """The pages of a container; those of one without a checksum are decoded."""
        made: list[_Placed] = []
        raw = self._context.scratch / "unpacked"
        with containers.pictures_in(path, remote.name, self._profile.files_most) as packed:
            for number, picture in enumerate(packed, start=1):
                most = min(self._profile.file_bytes_most, self._left_bytes)
                size = containers.unpack(picture, raw, most, self._context.checkpoint)
                self.take_room(picture.name, size)
                decode = remote.digest is None
                facts = self._check.decoded(raw, picture.name) if decode else self._look(raw, picture.name)
                made.append(self._put(raw, picture.name, number, remote, facts))
                raw.unlink()
        return made

    def _picture(self, remote: RemoteFile, path: Path, number: int) -> _Placed:
        return self._put(path, remote.name, number, remote, self._look(path, remote.shown))

    def _look(self, path: Path, name: str) -> PictureFacts:
        return self._check.looked_at(path, name)

    def _put(self, path: Path, name: str, number: int, remote: RemoteFile, facts: PictureFacts) -> _Placed:
        suffix = naming.suffix_of(name, formats.sniff(path))
        if self._profile.names == "original" and Path(name).suffix:
            file_name = naming.plain(name, remote.volume)
        else:
            file_name = naming.numbered(number, remote.volume, suffix)
        target = _link(path, self._names.give(self._folder / file_name))
        shown = name if remote.container else remote.shown
        return _Placed(target, shown, facts.as_record(), _smaller(facts, remote.pixels))


def _smaller(facts: PictureFacts, declared: tuple[int, int] | None) -> tuple[str, ...]:
    if declared is None or (facts.width >= declared[0] and facts.height >= declared[1]):
        return ()
    found = f"{facts.width} x {facts.height}"
    return (texts.SMALLER(found=found, wanted=f"{declared[0]} x {declared[1]}"),)


def _link(path: Path, target: Path) -> Path:
    """A second name for a file, or else a copy of it: the first is kept for another attempt."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)  # another file system, or one without links
    return target

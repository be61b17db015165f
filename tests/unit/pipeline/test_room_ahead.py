"""An input that is brought ahead leaves the jobs at work the room they may need."""

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.runner.faults import fill

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.system.filesystems import RESERVE_BYTES, require_space
from taskmanager_plugin_runner.transport.room_ahead import RoomAhead, lacks_room
from taskmanager_plugin_runner.transport.workspace import AttemptFolder


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=RESERVE_BYTES + size))


def test_alone_it_needs_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = RoomAhead.beside(AttemptFolder.of(tmp_path, "mine", 1))
    free(monkeypatch, 10)
    room.require(10)
    with pytest.raises(JobFailedError):
        room.require(11)


def test_a_job_at_work_may_make_results_as_large_as_its_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "other-1" / "input", {"1.tif": "x" * 100, "2.tif": "x" * 100})
    fill(tmp_path / "other-1" / "output", {"1.jp2": "x" * 30})
    room = RoomAhead.beside(AttemptFolder.of(tmp_path, "mine", 1))
    assert room.needed_bytes == 170
    free(monkeypatch, 170)
    room.require()
    with pytest.raises(JobFailedError):
        room.require(1)


def test_an_input_that_is_still_coming_counts_as_a_whole(tmp_path: Path) -> None:
    other = AttemptFolder.of(tmp_path, "other", 1)
    fill(other.input, {"1.tif": "x" * 100})
    other.mark_ahead(1000)
    assert RoomAhead.beside(AttemptFolder.of(tmp_path, "mine", 1)).needed_bytes == 900 + 1000


def test_results_larger_than_the_input_need_no_less_than_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "other-1" / "input", {"1.tif": "x"})
    fill(tmp_path / "other-1" / "output", {"1.jp2": "x" * 30})
    assert RoomAhead.beside(AttemptFolder.of(tmp_path, "mine", 1)).needed_bytes == 0


def test_before_each_file_the_job_may_be_ended_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = list[str]()
    check = RoomAhead.beside(AttemptFolder.of(tmp_path, "mine", 1)).before_each(
        lambda: called.append("check")
    )
    check()
    free(monkeypatch, -1)
    with pytest.raises(JobFailedError):
        check()
    assert called == ["check", "check"]


def test_a_full_disk_is_recognised_in_whatever_it_became(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 0)
    with pytest.raises(JobFailedError) as small:
        require_space(tmp_path, 1)
    with pytest.raises(JobFailedError) as full:
        refuse(OSError(errno.ENOSPC, "No space left", "x"), file_texts.NOT_COPIED, path="x")
    assert lacks_room(small.value)
    assert lacks_room(full.value)
    assert lacks_room(OSError(errno.EDQUOT, "quota"))


def test_other_errors_are_not_taken_for_a_full_disk() -> None:
    with pytest.raises(JobFailedError) as denied:
        refuse(OSError(errno.EACCES, "denied", "x"), file_texts.NOT_COPIED, path="x")
    assert not lacks_room(denied.value)
    assert not lacks_room(ValueError("no space is left"))

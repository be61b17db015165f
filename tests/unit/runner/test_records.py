"""What a job tells of its files and warns of, from its slot to the events for the scheduler."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.runner.scenes import scene

from taskmanager.messages import Failed, FilesRecorded, Finished
from taskmanager.model.jobs import WARNINGS_KEPT, FileRecord, FileState, Warnings
from taskmanager_plugin_runner.attempt import file_records
from taskmanager_plugin_runner.attempt.file_records import FileRecordBuffer
from taskmanager_plugin_runner.slot.command_log import CommandLog, kind_of
from taskmanager_plugin_runner.slot.line_log import FILE_LINES, LOG_LINES, LineLog
from taskmanager_plugin_runner.slot_protocol import FileNote, LogNote, SlotEvent, decode_event, encode_event

FILE = FileRecord(name="0001.tif", state=FileState.DONE)


class Slotless:
    """Takes what a log sends."""

    def __init__(self) -> None:
        self.sent: list[SlotEvent] = []
        self.log = LineLog(self.sent.append)

    def lines(self, level: str) -> list[str]:
        return [one.text for one in self.sent if isinstance(one, LogNote) and one.level == level]


async def ended(folder: Path, **parameters: Any) -> tuple[Any, list[str], list[FilesRecorded]]:
    """How a job that tells of files ended, its log and its blocks of files."""
    async with scene("recording", folder) as made:
        await made.start("recording", parameters=parameters)
        (end,) = made.fake_scheduler.of(Finished, Failed)
        return end, made.fake_scheduler.log(), made.fake_scheduler.of(FilesRecorded)


async def test_each_file_is_one_line_of_the_log_and_one_record(tmp_path: Path) -> None:
    end, log, blocks = await ended(tmp_path, files=2)

    told = "tiff, 8 bits -> 000{0}.jp2: 1 attempt, 1.2 s, 2.0 MB -> 500.0 kB"
    assert log == [f"000{number}.tif: {told.format(number)}" for number in (1, 2)]
    assert [(block.first, [file.name for file in block.files]) for block in blocks] == [
        (1, ["0001.tif", "0002.tif"])
    ]
    assert end.warnings is None


async def test_files_come_in_blocks_that_are_numbered_on(tmp_path: Path) -> None:
    _, _, blocks = await ended(tmp_path, files=120)

    numbers = [block.first + index for block in blocks for index in range(len(block.files))]
    assert numbers == list(range(1, 121))
    assert max(len(block.files) for block in blocks) <= file_records.BLOCK_FILES


async def test_warnings_of_files_are_warnings_of_the_job(tmp_path: Path) -> None:
    end, log, _ = await ended(tmp_path, warnings=2)

    assert end.warnings == Warnings(count=2, texts=("0001.tif: warning 1", "0001.tif: warning 2"))
    assert "0001.tif: warning 2" in log


async def test_warnings_are_counted_when_the_log_is_full_and_the_first_are_kept(tmp_path: Path) -> None:
    end, log, blocks = await ended(tmp_path, files=1, warnings=LOG_LINES + 500)

    assert end.warnings.count == LOG_LINES + 500
    assert end.warnings.texts == tuple(f"0001.tif: warning {one}" for one in range(1, WARNINGS_KEPT + 1))
    assert log[-1] == f"the log ends here: more than {LOG_LINES} lines"
    assert blocks[0].files[0].warnings[-1] == f"and {LOG_LINES + 500 - 9} more"


async def test_a_failed_job_tells_of_its_warnings_too(tmp_path: Path) -> None:
    end, _, _ = await ended(tmp_path, warnings=1, fails=True)

    assert isinstance(end, Failed)
    assert end.warnings == Warnings(count=1, texts=("0001.tif: warning 1",))


async def test_a_crashed_job_has_told_what_was_done_before(tmp_path: Path) -> None:
    end, _, blocks = await ended(tmp_path, files=2, warnings=1, crashes=True)

    assert isinstance(end, Failed)
    assert end.crashed
    assert (end.warnings and end.warnings.count, len(blocks[0].files)) == (1, 2)


async def test_a_tool_is_heard_while_it_runs_and_its_command_is_shown(tmp_path: Path) -> None:
    _, log, _ = await ended(tmp_path, files=0, tool=["sh", "-c", "echo said; echo warned >&2"])

    assert log[0] == "$ sh -c 'echo said; echo warned >&2'"
    assert sorted(log[1:]) == ["sh: said", "sh: warned"]


async def test_more_files_than_are_kept_leave_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_records, "FILES_KEPT", 3)
    blocks: list[tuple[int, int]] = []
    book = FileRecordBuffer(lambda first, files: blocks.append((first, len(files))))

    for _ in range(10):
        book.note(FileNote(FILE.model_dump(mode="json")))
    book.flush()

    assert blocks == [(1, 4)]


def test_lines_about_files_leave_room_for_others_in_the_log() -> None:
    slotless = Slotless()
    for _ in range(FILE_LINES + 10):
        slotless.log.record(FILE)
    slotless.log.info("something else")

    assert slotless.lines("info")[FILE_LINES:] == [
        "further files are in the list of files only",
        "something else",
    ]


def test_an_error_of_a_file_is_an_error_in_the_log() -> None:
    slotless = Slotless()
    slotless.log.record(FileRecord(name="1.tif", state=FileState.FAILED, error="damaged"))

    assert (slotless.lines("info"), slotless.lines("error")) == (["1.tif: failed"], ["1.tif: damaged"])


def test_a_record_passes_from_slot_to_runner_whatever_its_file_is_called() -> None:
    file = FileRecord(name="\udcff.tif", state=FileState.DONE, warnings=("\udcff is odd",))

    note = decode_event(encode_event(FileNote(file.model_dump(mode="json"))))

    assert isinstance(note, FileNote)
    assert FileRecord.model_validate(note.record) == file
    assert file.name == "\\udcff.tif"


def test_commands_for_one_page_after_the_other_are_of_one_kind() -> None:
    first = ["/usr/bin/opj_compress", "-i", "/a/0001.tif", "-o", "/b/0001.jp2", "-r", "20,10"]
    second = [word.replace("0001", "0002") for word in first]
    commands = CommandLog()

    assert kind_of(first) == ("opj_compress", "-i", "-o", "-r")
    assert commands.first_of_its_kind(first) == "$ " + " ".join(first)
    assert commands.first_of_its_kind(second) is None
    assert commands.first_of_its_kind([*first, "-I"]) is not None

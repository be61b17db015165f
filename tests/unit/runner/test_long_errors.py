"""What a job keeps of an error message that is too long for it, and what its log gets."""

from pathlib import Path

import pytest
from tests.unit.runner.slots import slot, task

from taskmanager_plugin_runner.failures import MESSAGE_CHARACTERS, job_error
from taskmanager_plugin_runner.slot.line_log import LINE_CHARACTERS, LOG_LINES
from taskmanager_plugin_runner.slot_protocol import SlotStep


def test_a_message_that_is_too_long_is_cut_and_says_how_long_it_was() -> None:
    kept = job_error(ValueError("ü" * 10_000_000)).message

    assert len(kept) == MESSAGE_CHARACTERS
    assert kept.startswith("üüü")
    assert kept.endswith("… [the first of 10,000,000 characters; more of them in the log]")


def test_a_message_that_fits_is_kept_as_it_is() -> None:
    message = "x" * MESSAGE_CHARACTERS

    assert job_error(ValueError(message)).message == message


@pytest.mark.parametrize(("where", "line"), [("message", "m" * LINE_CHARACTERS), ("lines", "one line")])
async def test_a_message_that_is_too_long_goes_to_the_log_up_to_one_line_more_than_it_keeps(
    tmp_path: Path, where: str, line: str
) -> None:
    async with slot("verbose", tmp_path) as (process, ears):
        answer = await process.ask(SlotStep.RUN, task("verbose", parameters={"where": where}))

        assert answer.failure is not None
        assert "more of them in the log" in answer.failure.message
        assert {(note.level, note.text) for note in ears.logs} == {("error", line)}
        assert len(ears.logs) == LOG_LINES + 1


async def test_a_message_that_fits_is_not_repeated_in_the_log(tmp_path: Path) -> None:
    async with slot("fail", tmp_path) as (process, ears):
        await process.ask(SlotStep.RUN, task("fail"))

        assert ears.logs == []

"""What the fake Goobi does with the scripts of an automatic step."""

import sys
from pathlib import Path

import pytest

from taskmanager_testing.goobi import FakeGoobi, Scripts, StepStatus
from taskmanager_testing.goobi.scripts import split

PROGRAM = """
import sys

print(sys.argv[2:])
print("why", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def scripts(goobi: FakeGoobi, tmp_path: Path) -> Scripts:
    return Scripts(goobi.workflow, tmp_path)


def ends_with(tmp_path: Path, code: int, *words: str) -> str:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    return " ".join([sys.executable, str(program), str(code), *words])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (0, StepStatus.DONE),
        (98, StepStatus.OPEN),
        (99, StepStatus.IN_WORK),
        (1, StepStatus.ERROR),
        (3, StepStatus.ERROR),
    ],
)
def test_the_exit_code_decides(
    scripts: Scripts, goobi: FakeGoobi, tmp_path: Path, code: int, status: StepStatus
) -> None:
    scripts.run(11, ends_with(tmp_path, code))
    assert goobi.workflow.step(11).status is status


def test_an_error_is_written_into_the_journal_with_code_and_stderr(
    scripts: Scripts, goobi: FakeGoobi, tmp_path: Path
) -> None:
    scripts.run(11, ends_with(tmp_path, 4), ends_with(tmp_path, 0))
    (entry,) = goobi.workflow.process(1).journal
    assert entry.message == "Script for 'Scanning' ended with 4: why"


def test_only_the_last_script_decides_about_closing(
    scripts: Scripts, goobi: FakeGoobi, tmp_path: Path
) -> None:
    scripts.run(11, ends_with(tmp_path, 99), ends_with(tmp_path, 0))
    assert goobi.workflow.step(11).status is StepStatus.DONE


def test_words_are_split_before_variables_are_replaced(
    scripts: Scripts, goobi: FakeGoobi, tmp_path: Path
) -> None:
    goobi.workflow.process(1).title = "two words"
    words = ['"{processtitle}"', "{processtitle}", "$(stepid)", "${processid}", "(stepname)", "{unknown}"]
    ended = scripts.run(11, ends_with(tmp_path, 0, *words, "{origpath}", '"a  b"c'))
    masters = str(tmp_path / "1/images/master_two words_media")
    expected = ["two words", "two words", "11", "1", "Scanning", "{unknown}", masters, "a  bc"]
    assert ended.stdout.strip() == str(expected)


def test_blanks_count_except_in_double_quotes() -> None:
    assert split('a  "b c" d"e f"') == ["a", "b c", "de f"]

"""The table of docs/images.md, and the crew that survives what it works on."""

import os
import signal
from pathlib import Path

import pytest
from tests.images.crew import Crew, Lost
from tests.images.judge import Judgement, Verdict
from tests.images.table import BEGIN, END, PAGE, Outcome, table, write


def outcome(kind: str, target: str, verdict: Verdict, why: str = "") -> Outcome:
    return Outcome(kind, "1.tif", target, Judgement(verdict, why))


def test_a_row_for_each_kind_and_a_column_for_each_target() -> None:
    lines = table(
        [
            outcome("grey", "jpeg", Verdict.RIGHT),
            outcome("grey", "jpeg", Verdict.RIGHT),
            outcome("grey", "lossless", Verdict.REFUSED, "32 bits | too many"),
            outcome("grey", "lossless", Verdict.REFUSED, "64 bits | too many"),
            outcome("rgb", "jpeg", Verdict.WRONG, "mirrored"),
        ]
    ).splitlines()
    assert lines == [
        "| kind of file | jpeg | lossless |",
        "|---|---|---|",
        "| grey | right 2 | refused 2: N bits / too many |",
        "| rgb | **wrong** 1: mirrored |  |",
    ]


def test_the_table_is_put_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "images.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_the_page_has_the_marks() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1


def do(task: str) -> str:
    if task == "hang":
        signal.pause()
    if task == "die":
        os._exit(3)
    if task == "fail":
        raise ValueError(task)
    return task.upper()


@pytest.mark.timeout(180)
def test_a_child_that_hangs_dies_or_fails_is_lost_and_the_others_go_on() -> None:
    with Crew(do, hands=2, seconds=5) as crew:
        answers = list(crew.do(["a", "die", "hang", "fail", "b"]))
    assert answers == [
        "A",
        Lost("its process ended with 3"),
        Lost("no answer within 5 seconds"),
        Lost("ValueError: fail"),
        "B",
    ]

"""What is printed does no harm, and fits."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from taskmanager_cli.commands import figures
from taskmanager_cli.output.tables import GAP, Column, details, field, fitted, table
from taskmanager_cli.output.text import duration, escaped, harmless, harmless_lines, moment, plain, size
from taskmanager_cli.session import json_text

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_harmful(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI


@given(st.text())
def test_no_text_keeps_a_character_that_a_terminal_obeys(text: str) -> None:
    assert not any(map(is_harmful, harmless(text)))
    assert {one for one in harmless_lines(text) if is_harmful(one)} <= {"\n", "\t"}


def test_what_is_harmless_is_kept() -> None:
    assert (
        harmless("Bücher 書籍 👩\N{ZERO WIDTH JOINER}🔬 [red]x[/red]")
        == "Bücher 書籍 👩\N{ZERO WIDTH JOINER}🔬 [red]x[/red]"
    )
    assert harmless("a\r\nb\tc") == "a b c"
    assert harmless_lines("a\r\nb\tc\rd") == "a\nb\tc\N{REPLACEMENT CHARACTER}d"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_is_harmless_and_means_the_same(data: object) -> None:
    for indent in (None, 2):
        shown = json_text(data, indent)
        assert json.loads(shown) == data
        assert {one for one in shown if is_harmful(one)} <= {"\n"}


def test_harmful_characters_of_json_are_escapes() -> None:
    assert escaped('"\x9b1m\u202e"') == '"\\u009b1m\\u202e"'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ([], ""),
        (0, "0"),
        (True, "yes"),
        (["a", "b\n"], "a, b "),
        ({"a": {"b": 1}}, "a=b=1"),
    ],
)
def test_any_value_is_one_line(value: object, shown: str) -> None:
    assert plain(value) == shown


def test_numbers_for_people() -> None:
    assert [size(n) for n in (0, 1023, 1024, 5 * 1024**4, 5 * 1024**5)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "5.0 TiB",
        "5120.0 TiB",
    ]
    assert [duration(n) for n in (None, 0.25, 61, 3_660, 90_000)] == [
        "",
        "0.25 s",
        "1 min 1 s",
        "1 h 1 min",
        "1 d 1 h",
    ]
    assert moment(None) == ""
    assert len(moment("2026-11-23T15:43:54.120Z")) == len("2026-11-23 15:43:54")


COLUMNS = (
    field("id", "id", whole=True),
    field("n", "n", right=True),
    field("title", "title"),
    field("remark", "remark"),
)
LENGTHS = st.lists(st.tuples(*[st.integers(0, 60)] * len(COLUMNS)), max_size=5)


@given(LENGTHS, st.integers(1, 200))
def test_a_table_fits_or_is_none(lengths: list[tuple[int, ...]], width: int) -> None:
    widths = fitted(COLUMNS, lengths, width)

    if widths is not None:
        assert sum(widths) + GAP * (len(COLUMNS) - 1) <= width
        assert widths[0] == max([2, *(line[0] for line in lengths)]), "an id is never shortened"


def printed(columns: tuple[Column, ...], rows: list[dict[str, object]], width: int) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(table(columns, rows, width))
    return capture.get().splitlines()


def test_texts_are_shortened_where_ids_are_not() -> None:
    row: dict[str, object] = {"id": "0" * 36, "n": 1, "title": "書籍" * 30, "remark": "[bold]x[/bold]"}

    lines = printed(COLUMNS, [row], 80)
    assert "0" * 36 in lines[-1]
    assert "…" in lines[-1]
    assert "[bold]x[/bold]" in lines[-1]
    assert all(cell_len(line) <= 80 for line in lines)


def test_a_narrow_terminal_gets_paragraphs() -> None:
    row: dict[str, object] = {"id": "0" * 36, "n": 1, "title": "Book", "remark": None}

    lines = [line.strip() for line in printed(COLUMNS, [row, row], 40)]
    assert lines.count("title  Book") == 2
    assert not any("remark" in line for line in lines)


def test_details_leave_out_what_is_empty() -> None:
    assert details([("a", 1), ("longer", ""), ("bb", "x")]).plain == "a   1\nbb  x"


def test_the_kinds_of_failures_are_listed_the_most_frequent_first() -> None:
    errors = {"files": 1, "crash": 7, "defect": 1}
    columns = {column.title: column for column in figures.COLUMNS}

    assert columns["failures"].value({"total": {"errors": errors}}) == "crash 7, defect 1, files 1"
    assert columns["waits"].value({"total": {"median_waiting_seconds": None}}) == ""

"""The record of a file in words, and how much of it is kept."""

import pytest
from pydantic import JsonValue

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api.file_records import FACT_CHARACTERS, bounded, facts_text, lines_of, sentence

PAGE = FileRecord(
    name="0001.tif",
    state=FileState.DONE,
    results=("0001.jp2",),
    facts={"format": "tiff", "size": "2480 x 3508", "bits": 8, "profile": None},
    result_facts={"format": "jp2", "lossless": True},
    bytes=26_100_000,
    result_bytes=11_400_000,
    seconds=1.24,
)


def test_a_file_is_told_in_one_sentence() -> None:
    assert sentence(PAGE) == (
        "0001.tif: tiff, 2480 x 3508, 8 bits -> 0001.jp2: jp2, lossless, 1.2 s, 26.1 MB -> 11.4 MB"
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "1.tif"),
        ({"state": FileState.LEFT_OUT}, "1.tif: left out"),
        ({"state": FileState.FAILED, "facts": {"dpi": 300}}, "1.tif: failed, 300 dpi"),
        ({"results": ("1.jpg", "1.txt")}, "1.tif -> 1.jpg, 1.txt"),
        ({"bytes": 10, "seconds": 61}, "1.tif: 1 min 1 s, 10 bytes"),
    ],
)
def test_what_is_not_known_is_not_told(fields: dict[str, object], text: str) -> None:
    known = {"name": "1.tif", "state": FileState.DONE, **fields}

    assert sentence(FileRecord.model_validate(known)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "is grey"), (False, "not is grey"), (2.50, "2.5 is grey"), ([1], "is grey [1]")],
)
def test_facts_are_told_as_what_they_are(value: JsonValue, text: str) -> None:
    assert facts_text({"is_grey": value}) == text


def test_warnings_and_the_error_have_lines_of_their_own() -> None:
    file = FileRecord(name="1.tif", state=FileState.FAILED, warnings=("a", "b"), error="damaged")

    assert list(lines_of(file)) == [
        ("info", "1.tif: failed"),
        ("warning", "1.tif: a"),
        ("warning", "1.tif: b"),
        ("error", "1.tif: damaged"),
    ]


def test_a_record_is_kept_within_bounds() -> None:
    file = FileRecord(
        name="1.tif",
        state=FileState.DONE,
        results=tuple(f"{number}.jpg" for number in range(30)),
        facts={"long": "x" * 9_000, "deep": ["y" * 9_000], "huge": 10**5_000, "n" * 900: 1}
        | {str(number): number for number in range(50)},
        error="e" * 9_000,
    )

    kept = bounded(file)

    assert (kept.results[8], kept.results[9]) == ("8.jpg", "and 21 more")
    assert {len(str(kept.facts[name])) for name in ("long", "deep")} == {FACT_CHARACTERS}
    assert kept.facts["huge"] == "too large a number to be kept"
    assert len(kept.facts) == 20
    assert len(kept.model_dump_json()) < 5_000
    assert bounded(PAGE) == PAGE

"""Numbers, sizes and times as readers of each language write them."""

from datetime import UTC, datetime, timedelta

import pytest

from taskmanager_gateway.web.shell.formats import NOTHING, Formats, zone_of

GERMAN = Formats("de", zone_of("Europe/Berlin"))
ENGLISH = Formats("en", zone_of("UTC"))
AT = datetime(2026, 3, 29, 0, 30, 5, tzinfo=UTC)
"""Half an hour before summer begins in Berlin."""


def test_numbers_have_the_separators_of_the_language() -> None:
    assert GERMAN.number(1_234_567) == "1.234.567"
    assert ENGLISH.number(1_234_567) == "1,234,567"
    assert GERMAN.number(0.5) == "0,5"


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1,0 kB"),
        (12_345_678, "12,3 MB"),
        (5 * 10**15, "5,0 PB"),
        (10**19, "10.000,0 PB"),
    ],
)
def test_sizes_grow_by_thousands(size: int, written: str) -> None:
    assert GERMAN.size(size) == written


def test_times_are_those_of_the_reader_s_zone() -> None:
    assert GERMAN.moment(AT) == "29.03.2026, 01:30:05"
    assert GERMAN.moment(AT + timedelta(hours=1)) == "29.03.2026, 03:30:05"
    assert ENGLISH.moment(AT) == "29 Mar 2026, 00:30:05"


def test_a_table_shows_the_time_of_today_and_the_day_of_other_days() -> None:
    assert GERMAN.brief(AT, now=AT + timedelta(hours=2)) == "01:30:05"
    assert GERMAN.brief(AT, now=AT + timedelta(days=1)) == "29.3. 01:30"
    assert ENGLISH.brief(AT, now=AT + timedelta(days=1)) == "29/03 00:30"
    assert GERMAN.brief(AT, now=AT + timedelta(days=300)) == "29.03.26, 01:30"


def test_the_day_begins_at_the_reader_s_midnight() -> None:
    assert GERMAN.midnight(AT).astimezone(UTC) == datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.04, "0,0 s"), (4.25, "4,2 s"), (75, "75 Sek."), (7_200, "2 Std."), (-1, "0,0 s")],
)
def test_durations_are_about_so_long(seconds: float, written: str) -> None:
    assert GERMAN.duration(seconds) == written


def test_nothing_is_a_dash() -> None:
    nothing = [
        GERMAN.number(None),
        GERMAN.size(None),
        GERMAN.moment(None),
        GERMAN.brief(None),
        GERMAN.since(None),
    ]
    assert nothing == [NOTHING] * 5


@pytest.mark.parametrize("name", [None, "", "No/Where", "../../etc/passwd", "\0", "/etc/passwd", "x" * 5_000])
def test_a_zone_that_is_none_is_utc(name: str | None) -> None:
    assert zone_of(name).key == "UTC"

"""The page of figures: its periods, sums and charts, and for whom; the same over HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.conftest import Gateway, installed
from tests.unit.gateway.test_home_page import runner

from taskmanager.model.access import Principal, Right
from taskmanager.model.hourly_figures import HOUR, HourlyFigures, hour_of, total
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.web.bars import HEIGHT, WIDTH, bars
from taskmanager_gateway.web.figures.figures_view import FailureKind, FiguresPage, figures_page
from taskmanager_gateway.web.figures.periods import LONGEST, Period, stretches
from taskmanager_testing.reader import FakeReader

BERLIN, KOLKATA, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")
NOW = datetime(2026, 11, 28, 13, 40, tzinfo=UTC)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ANYBODY = Principal("anna", frozenset(Right))
ENGLISH = {"accept": "text/html", "accept-language": "en"}
GERMAN = {"accept": "text/html", "accept-language": "de"}


def figures(hours_ago: int, plugin: str = "noop", now: datetime = NOW, **fields: Any) -> HourlyFigures:
    return HourlyFigures(plugin=plugin, hour=hour_of(now) - hours_ago * HOUR, **fields)


def page(*hours: HourlyFigures, period: Period = Period.DAY, who: Principal = ANYBODY) -> FiguresPage:
    return figures_page([], hours, who, period, NOW, UTC_ZONE)


@pytest.mark.parametrize(
    ("period", "zone", "count", "first"),
    [
        (Period.DAY, UTC_ZONE, 24, "2026-11-27T14:00"),
        (Period.WEEK, UTC_ZONE, 27, "2026-11-22T00:00"),
        (Period.WEEK, BERLIN, 27, "2026-11-21T23:00"),
        (Period.MONTH, BERLIN, 30, "2026-10-29T23:00"),
        (Period.MONTH, KOLKATA, 30, "2026-10-29T19:00"),
    ],
)
def test_a_period_begins_where_the_readers_day_does(
    period: Period, zone: ZoneInfo, count: int, first: str
) -> None:
    found = stretches(period, NOW, zone)

    assert len(found) == count
    assert found[0].begin == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert found[-1].hours[-1] == hour_of(NOW)


@given(
    st.sampled_from(Period),
    st.integers(0, 366 * 24 * 60).map(lambda minutes: YEAR + timedelta(minutes=minutes)),
    st.sampled_from([BERLIN, KOLKATA, UTC_ZONE, ZoneInfo("Pacific/Apia")]),
)
def test_the_stretches_are_all_hours_once_and_never_beyond_what_is_read(
    period: Period, now: datetime, zone: ZoneInfo
) -> None:
    found = stretches(period, now, zone)

    hours = [hour for one in found for hour in one.hours]
    assert hours == [hours[0] + number * HOUR for number in range(len(hours))]
    assert all(one.begin == one.hours[0] for one in found)
    assert hours[-1] == hour_of(now)
    assert now - hours[0] <= LONGEST


def test_a_day_of_25_hours_is_one_bar() -> None:
    found = stretches(Period.MONTH, datetime(2026, 10, 26, 12, 0, tzinfo=UTC), BERLIN)

    assert len(found[-2].hours) == 25


def test_sums_are_those_of_the_hours_in_the_period() -> None:
    hours = [
        figures(0, done=3, files=30, bytes=300, running_seconds=3_600, durations={10: 3}, waits={12: 3}),
        figures(2, done=1, failed=2, cancelled=1, errors={"files": 2}),
        figures(24, done=100),
    ]
    found = page(*hours)

    assert found.everything.total == total(hours[:2])
    [noop] = found.plugins
    assert [row.done for row in noop.rows] == [0] * 21 + [1, 0, 3]
    assert (noop.failed_percent, noop.kinds) == (33.3, [FailureKind("files", 2)])
    assert noop.at_work == pytest.approx(3_600 / (23 * 3_600 + 40 * 60), abs=0.005)
    assert noop.ended == 7
    assert page(*hours, period=Period.WEEK).everything.total.done == 104


def test_what_was_not_counted_by_kind_is_said_so() -> None:
    [noop] = page(figures(1, failed=5, errors={"files": 1, "crash": 2})).plugins

    assert noop.kinds == [FailureKind("crash", 2), FailureKind("files", 1), FailureKind("", 2)]


def test_waiting_times_that_were_not_counted_are_not_taken_for_none() -> None:
    assert page(figures(1, done=2, waits={3: 2}, failed=1, errors={"files": 1})).complete
    assert not page(figures(1, done=2, waits={3: 1})).complete
    assert not page(figures(1, failed=1)).complete
    [noop] = page(figures(1, done=2)).plugins
    assert noop.wait == (None, None)


def test_the_times_are_the_usual_and_the_slow_one() -> None:
    [noop] = page(figures(1, done=100, waits={10: 90, 17: 10}, durations={1: 100}, longest_seconds=1)).plugins

    usual, slow = noop.wait
    assert usual is not None
    assert slow is not None
    assert 0.512 <= usual <= 1.024
    assert 65.5 <= slow <= 131.1


def test_somebody_restricted_sees_their_plugins_in_the_sums_too() -> None:
    who = Principal("vera", frozenset({Right.READ}), frozenset({"noop"}))
    found = page(figures(1, done=1), figures(1, plugin="jp2", done=10), who=who)

    assert [one.name for one in found.plugins] == ["noop"]
    assert found.everything.total.done == 1


async def test_a_plugin_with_a_runner_is_shown_without_jobs_and_another_one_is_not() -> None:
    reader = FakeReader()
    for name in ("noop", "idle"):
        reader.install(installed(name))
    statistics, runners = await reader.statistics(), [runner("noop")]
    views = [PluginView.of(one, statistics, runners) for one in await reader.plugins()]
    found = figures_page(views, [], ANYBODY, Period.DAY, NOW, UTC_ZONE)

    assert [(one.name, one.runners, one.slots) for one in found.plugins] == [("noop", 1, 4)]
    assert not found.plugins[0].ended


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=40),
)
def test_bars_stay_within_the_chart_and_none_is_invisible(values: list[tuple[int, int]]) -> None:
    ups, downs = zip(*values, strict=True)
    made = bars(ups, downs)

    assert made.most == max(ups)
    for bar, (up, down) in zip(made.bars, values, strict=True):
        assert (bar.up > 0, bar.down > 0) == (up > 0, down > 0)
        assert made.line - bar.up >= -0.01
        assert made.line + bar.down <= HEIGHT + 0.01
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH + 0.01


def test_bars_above_and_below_have_one_scale() -> None:
    [first, second] = bars([40, 10], [0, 20]).bars

    assert first.up == pytest.approx(4 * second.up, abs=0.02)
    assert second.down == pytest.approx(2 * second.up, abs=0.02)


def stored(gateway: Gateway) -> None:
    now = datetime.now(UTC)
    gateway.reader.install(installed("noop"))
    gateway.reader.figures = [
        figures(1, now=now, done=7, files=9, bytes=4_200_000, waits={12: 7}, durations={10: 7}),
        figures(1, now=now, failed=3, errors={"crash": 3}, plugin="gone"),
        figures(100, now=now, done=1_000),
    ]


async def test_the_page_shows_it_in_both_languages(gateway: Gateway) -> None:
    stored(gateway)
    english = (await gateway.client.get("/figures", headers=ENGLISH)).text
    german = (await gateway.client.get("/figures?period=7d", headers=GERMAN)).text

    for words in (
        "7 done, 3 failed, 9 files, 4.2 MB",
        "crash: 3",
        "As a table",
        "/api/v1/figures.csv?hours=24",
    ):
        assert words in english, words
    for words in ("1.007 fertig, 3 fehlgeschlagen", "Absturz: 3", "Als Tabelle", "figures.csv?hours=168"):
        assert words in german, words
    assert 'href="/figures"' in (await gateway.client.get("/", headers=ENGLISH)).text
    assert 'role="img" aria-label=' in english


async def test_an_unknown_period_is_the_last_day_and_nothing_is_said_to_be_nothing(gateway: Gateway) -> None:
    shown = (await gateway.client.get("/figures?period=century", headers=ENGLISH)).text

    assert "No job has ended in this time" in shown
    assert 'aria-current="page">24 hours' in " ".join(shown.split())


async def test_the_page_without_the_database_says_so(gateway: Gateway) -> None:
    gateway.reader.available = False

    assert (await gateway.client.get("/figures", headers=ENGLISH)).status_code == 503


async def test_the_api_has_the_same_figures(gateway: Gateway) -> None:
    stored(gateway)
    shown = (await gateway.client.get("/api/v1/figures?hours=24")).json()

    assert {one["plugin"]: one["total"]["done"] for one in shown["plugins"]} == {"noop": 7, "gone": 0}
    [gone, noop] = shown["plugins"]
    assert gone["total"]["errors"] == {"crash": 3}
    assert noop["total"]["median_waiting_seconds"] > 2
    assert len(noop["hours"]) == 24
    assert (await gateway.client.get("/api/v1/figures?hours=961")).status_code == 422


async def test_the_export_has_a_line_for_each_hour_in_which_something_ended(gateway: Gateway) -> None:
    stored(gateway)
    answer = await gateway.client.get("/api/v1/figures.csv?hours=200")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert sorted((line["plugin"], line["done"]) for line in lines) == [
        ("gone", "0"),
        ("noop", "1000"),
        ("noop", "7"),
    ]
    moments = [datetime.fromisoformat(line["hour"]) for line in lines]
    assert all(moment.utcoffset() == timedelta(0) for moment in moments)

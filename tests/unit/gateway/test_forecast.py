"""When a queue will be done: from quick and slow days, and only where that can be said."""

import re
from datetime import datetime, timedelta

import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.model.hourly_figures import HourlyFigures, hour_of
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Status
from taskmanager_gateway.web.plugins.forecast import NoForecast, Work, forecast

HTMX = {"hx-request": "true", "accept-language": "en"}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def hours(seconds: list[float], *, apart: timedelta, now: datetime = MOMENT) -> list[HourlyFigures]:
    """One hour with ten jobs done for each of the running times, the newest last."""
    return [
        HourlyFigures(
            plugin="noop",
            hour=hour_of(now) - apart * (len(seconds) - place),
            done=10,
            files=20,
            bytes=30,
            running_seconds=10 * one,
        )
        for place, one in enumerate(seconds)
    ]


def minutes(work: Work, known: list[HourlyFigures]) -> tuple[float, float]:
    ends = forecast(work, known, MOMENT).ends
    assert ends is not None
    minute = timedelta(minutes=1)
    return (ends.earliest - MOMENT) / minute, (ends.latest - MOMENT) / minute


def test_the_end_lies_between_that_of_quick_and_of_slow_days() -> None:
    known = hours([60.0 * number for number in range(1, 12)], apart=DAY)  # 1 to 11 minutes
    assert minutes(Work(20, 2, stopped=False), known) == (20, 100)  # ten rounds of 2, of 10 minutes


def test_with_few_days_the_hours_are_judged_by() -> None:
    known = hours([60.0, 60.0, 60.0, 60.0], apart=HOUR)
    assert minutes(Work(5, 2, stopped=False), known) == (3, 3)  # the third round is not full


def test_a_queue_of_a_million_has_an_end() -> None:
    known = hours([3600.0] * 5, apart=DAY)
    assert minutes(Work(1_000_000, 1, stopped=False), known)[0] == 60_000_000
    assert forecast(Work(10**15, 1, stopped=False), known, MOMENT).ends is None  # beyond the calendar


@pytest.mark.parametrize(
    ("work", "known", "why"),
    [
        (Work(5, 2, stopped=True), 9, NoForecast.STOPPED),
        (Work(5, 0, stopped=False), 9, NoForecast.NO_PLACE),
        (Work(None, 2, stopped=False), 9, NoForecast.NOT_COUNTED),
        (Work(5, 2, stopped=False), 3, NoForecast.TOO_LITTLE_KNOWN),
        (Work(5, 2, stopped=False), 0, NoForecast.TOO_LITTLE_KNOWN),
    ],
)
def test_no_end_is_told_that_nobody_can_know(work: Work, known: int, why: NoForecast) -> None:
    made = forecast(work, hours([60.0] * known, apart=HOUR), MOMENT)
    assert (made.ends, made.why_not) == (None, why)


def test_rates_count_the_hours_without_work() -> None:
    day, week, month = forecast(Work(1, 1, stopped=False), hours([60.0] * 12, apart=6 * HOUR), MOMENT).rates
    assert day.jobs == pytest.approx(3 * 10 / 24)  # the hour a day ago has begun earlier
    assert week.files == pytest.approx(12 * 20 / 168)
    assert month.bytes == pytest.approx(12 * 30 / 720)


@pytest.fixture
def busy(gateway: Gateway) -> Gateway:
    now = gateway.services.clock.now()
    gateway.reader.figures = hours([60.0] * 8, apart=DAY, now=now)
    gateway.reader.known_runners["r"] = RunnerState(
        id="r",
        instance="i",
        plugin="noop",
        host="h",
        version="1",
        slots=2,
        transfers=1,
        busy=0,
        started_at=now,
        last_heartbeat=now,
    )
    for number in range(6):
        moment = MOMENT + timedelta(seconds=number)
        gateway.reader.put(job(number, project="Karten" if number == 2 else None, queued_at=moment))
    gateway.reader.put(job(9, status=Status.PAUSED))
    return gateway


async def ask(gateway: Gateway, query: str = "", plugin: str = "noop") -> str:
    answer = await gateway.client.get(f"/ui/plugins/{plugin}/forecast{query}", headers=HTMX)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text)


async def test_the_page_tells_the_end_and_what_it_does_not_know(busy: Gateway) -> None:
    told = await ask(busy)
    assert "Done probably at about" in told
    assert "6 jobs wait or run." in told
    assert "One paused job is not counted." in told
    assert "not known before they begin" in told
    assert "Last 30 days" in told


async def test_a_project_ends_with_the_last_of_its_jobs_that_waits(busy: Gateway) -> None:
    assert "3 jobs start up to the last of the project that waits." in await ask(busy, "?project=Karten")
    assert "None of these jobs waits." in await ask(busy, "?project=nobody")


async def test_nothing_is_told_of_an_empty_queue_or_of_a_plugin_that_is_gone(busy: Gateway) -> None:
    busy.reader.install(installed("idle"))
    assert await ask(busy, plugin="idle") == ""
    assert await ask(busy, plugin="unknown") == ""


async def test_a_stopped_plugin_has_no_end(busy: Gateway) -> None:
    busy.reader.install(installed("noop", paused=True))
    assert "the plugin is stopped" in await ask(busy)

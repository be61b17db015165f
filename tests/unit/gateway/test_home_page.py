"""The home page: what needs a look, the chart, how little is read, and for whom."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.model.access import Principal, Right
from taskmanager.model.control import Stop
from taskmanager.model.hourly_figures import HOUR, HourlyFigures, hour_of
from taskmanager.model.jobs import JobError
from taskmanager.model.registry import RunnerState
from taskmanager.model.reports import Backlog
from taskmanager.model.states import Status
from taskmanager.process.clock import SystemClock
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.web.home.chart import HEIGHT, chart
from taskmanager_gateway.web.home.failures import FailureCounts
from taskmanager_gateway.web.home.home_summary import HomeSummaries, HomeSummary
from taskmanager_gateway.web.home.home_view import AlertKind, Failed, Home, home
from taskmanager_gateway.web.shell.visitor import FailedSince, failed_since
from taskmanager_testing.reader import FakeReader

ENGLISH = {"accept": "text/html", "accept-language": "en"}
GERMAN = {"accept": "text/html", "accept-language": "de"}
MIDNIGHT = MOMENT.replace(hour=0)
ANYBODY = Principal("anna", frozenset(Right))


def figures(
    hours_ago: int, done: int, failed: int, plugin: str = "noop", now: datetime = MOMENT
) -> HourlyFigures:
    return HourlyFigures(plugin=plugin, hour=hour_of(now) - hours_ago * HOUR, done=done, failed=failed)


def runner(plugin: str, *, alive: bool = True, slots: int = 4) -> RunnerState:
    return RunnerState(
        id=f"{plugin}-1",
        instance="1",
        plugin=plugin,
        host="werk",
        version="1",
        slots=slots,
        transfers=1,
        busy=1,
        started_at=MOMENT,
        last_heartbeat=MOMENT,
        alive=alive,
    )


async def seen(
    reader: FakeReader,
    glance: HomeSummary,
    who: Principal = ANYBODY,
    since: datetime | None = MIDNIGHT,
) -> Home:
    statistics, runners = await reader.statistics(), await reader.runners()
    views = [PluginView.of(plugin, statistics, runners) for plugin in await reader.plugins()]
    failed = Failed(since, await FailureCounts(reader).since(since, views))
    letters = await reader.dead_letter_count()
    return home(views, glance, who, MOMENT, failed, dead_letters=letters)


async def test_a_plugin_is_shown_with_its_figures() -> None:
    reader = FakeReader()
    reader.install(installed("noop"))
    reader.known_runners["noop-1"] = runner("noop")
    for number, status in enumerate((Status.STARTED, Status.PAUSED, Status.PROCESSING)):
        reader.put(job(number, status=status))
    for number, hours in enumerate((1, 2, 13), start=3):
        reader.put(job(number, status=Status.ERROR, finished=MOMENT - timedelta(hours=hours)))
    glance = HomeSummary([figures(1, 5, 2), figures(13, 1, 7)], {"noop": MOMENT}, current=True)
    [plugin] = (await seen(reader, glance)).plugins
    assert (plugin.waiting, plugin.held, plugin.running, plugin.capacity) == (2, 1, 1, 4)
    assert plugin.failed == 2  # of today: the other one was yesterday, and seven have been mended
    assert (plugin.oldest, plugin.alive) == (MOMENT, 1)
    assert (plugin.chart.done, plugin.chart.failed) == (6, 9)


async def test_what_needs_a_look_is_said_the_most_pressing_first() -> None:
    reader = FakeReader()
    for name in ("idle", "lonely", "stopped"):
        reader.install(installed(name))
    reader.install(installed("closed", accepting=False))
    reader.install(
        installed("stopped").model_copy(update={"stop": Stop(by="anna", at=MOMENT, reason="disk")})
    )
    for name in ("idle", "closed", "stopped"):
        reader.known_runners[name] = runner(name)
    reader.put(job(1, "stopped"))
    reader.put(job(2, "lonely"))
    reader.put(job(3, "idle", status=Status.ERROR, finished=MOMENT))
    old = Backlog(pending=3, oldest=MOMENT - timedelta(hours=1), given_up=2)
    found = await seen(reader, HomeSummary([figures(0, 0, 1, "idle")], backlog=old, current=True))
    assert [look.kind for look in found.looks] == [
        AlertKind.NO_RUNNER_WAITING,
        AlertKind.STOPPED_WAITING,
        AlertKind.FAILED,
        AlertKind.UNDELIVERED,
        AlertKind.LATE,
        AlertKind.REFUSING,
    ]


async def test_somebody_restricted_sees_their_plugins_only_and_no_reports() -> None:
    reader = FakeReader()
    reader.install(installed("noop"))
    reader.install(installed("jp2"))
    who = Principal("vera", frozenset({Right.READ}), frozenset({"noop"}))
    found = await seen(reader, HomeSummary(backlog=Backlog(given_up=9), current=True), who)
    assert [one.name for one in found.plugins] == ["noop"]
    assert {look.plugin for look in found.looks} == {"noop"}


def test_a_chart_has_done_above_the_line_and_failed_below_it_on_one_scale() -> None:
    made = chart([figures(0, 30, 10), figures(5, 15, 0), figures(30, 99, 99)], MOMENT)
    assert (made.done, made.failed) == (45, 10)
    earlier, now = made.bars
    assert now.up == 2 * earlier.up == 3 * now.down
    assert earlier.x < now.x < made.width
    assert made.line - now.up >= 0
    assert made.line + now.down <= HEIGHT


def test_one_job_among_thousands_is_to_be_seen() -> None:
    made = chart([figures(0, 100_000, 1), figures(1, 1, 0)], MOMENT)
    assert all(bar.up >= 1 for bar in made.bars)
    assert made.bars[-1].down >= 1
    assert made.line + 1 <= HEIGHT


def test_a_day_without_jobs_is_a_line() -> None:
    made = chart([], MOMENT)
    assert (made.bars, made.busiest) == ((), None)


async def test_twenty_plugins_and_ten_readers_need_a_handful_of_reads(gateway: Gateway) -> None:
    for number in range(20):
        gateway.reader.install(installed(f"plugin-{number}"))
    for number in range(3):
        gateway.reader.put(job(number, f"plugin-{number}"))
    gateway.reader.calls.clear()
    for _ in range(10):
        assert (await gateway.client.get("/", headers=ENGLISH)).status_code == 200
    read = gateway.reader.calls
    shared = {name: read[name] for name in ("hourly", "backlog", "oldest_waiting")}
    assert set(read) == {*shared, "plugins", "statistics", "runners", "replica_sets", "dead_letter_count"}
    rounds = shared["hourly"]  # one every two seconds, however many readers
    assert rounds < 5
    assert shared == {"hourly": rounds, "backlog": rounds, "oldest_waiting": 3 * rounds}


async def test_without_the_database_the_last_glance_is_kept_and_not_called_current() -> None:
    reader = FakeReader()
    glances = HomeSummaries(reader, ("main",), SystemClock())
    reader.available = False
    assert not (await glances.read([])).current


async def test_the_page_says_what_is_the_matter_in_both_languages(gateway: Gateway) -> None:
    now = datetime.now(UTC)
    gateway.reader.figures = [figures(0, 1234, 1, now=now)]
    gateway.reader.install(
        installed("noop").model_copy(update={"stop": Stop(by="anna", at=MOMENT, reason="<b>disk</b>")})
    )
    gateway.reader.put(job(1))
    english = (await gateway.client.get("/", headers=ENGLISH)).text
    for words in (
        "Needs a look",
        "stopped, and one job waits.",
        "1,234 done",
        "Stopped by anna",
        "&lt;b&gt;disk",
    ):
        assert words in english
    assert 'role="img"' in english
    assert "/plugins/noop?tab=queue" in english
    german = (await gateway.client.get("/ui/home", headers=GERMAN)).text
    for words in ("angehalten, und ein Job wartet.", "1.234 erledigt"):
        assert words in german
    assert "<html" not in german


async def test_without_plugins_the_page_says_what_to_do(gateway: Gateway) -> None:
    gateway.reader.installed.clear()
    assert "taskmanager-plugin-runner --plugin" in (await gateway.client.get("/", headers=ENGLISH)).text


async def test_when_all_is_well_the_page_says_so(gateway: Gateway) -> None:
    gateway.reader.installed.clear()
    gateway.reader.install(installed("noop"))
    gateway.reader.known_runners["noop-1"] = runner("noop")
    assert "All is well." in (await gateway.client.get("/", headers=ENGLISH)).text


async def test_jobs_in_error_are_counted_from_the_moment_chosen_and_the_link_lists_exactly_those(
    gateway: Gateway,
) -> None:
    now = datetime.now(UTC)
    for number, ended in enumerate((now - timedelta(days=30), now)):
        error = JobError(message="m", kind="k")
        gateway.reader.put(
            job(number, status=Status.ERROR, finished=ended, title=f"Band {number}", error=error)
        )
    gateway.reader.put(job(2, status=Status.CANCELLED, finished=now, title="Band 2"))
    for chosen, expected in (("week", {"Band 1"}), ("ever", {"Band 0", "Band 1"}), ("now", set())):
        await gateway.client.get(f"/ui/preferences?failed_since={chosen}")
        page = (await gateway.client.get("/", headers=ENGLISH)).text
        link = re.search(r'href="(/plugins/noop\?tab=error[^"]*)">(\d+)', page)
        assert link is not None
        assert int(link[2]) == len(expected)
        listed = (await gateway.client.get(unescape(link[1]), headers=ENGLISH)).text
        assert set(re.findall(r"Band \d", listed)) == expected


def test_a_moment_that_cannot_be_read_is_today() -> None:
    for cookie in ("yesterday", "2026-01-01T00:00:00", ""):
        assert failed_since(cookie) is FailedSince.TODAY
    assert failed_since("2026-01-01T00:00:00+00:00") == datetime(2026, 1, 1, tzinfo=UTC)

"""What is told of what is stored: everything once, nothing of what was so before."""

from datetime import datetime, timedelta
from typing import Any

from tests.unit.gateway.conftest import installed, job

from taskmanager.model.control import Drain, JobAction, Stop
from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.jobs import Attribution, Job, JobError
from taskmanager.model.notifications.events import Event, EventKind
from taskmanager.model.notifications.watching import Watched
from taskmanager.model.operations import JobFilter, Operation
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.reports import Backlog
from taskmanager.model.states import Status, Tab
from taskmanager_scheduler.notifications.looks import AWAY_FOR, NO_RUNNER_FOR, SILENT_FOR, Seen, begin, look

from .samples import NOW

MINUTE = timedelta(minutes=1)


def runner(*, alive: bool = True, drain: Drain | None = None) -> RunnerState:
    return RunnerState(
        id="werk-1", instance="i", plugin="jp2", host="werk", version="1", slots=1, transfers=1, busy=0,
        started_at=NOW, last_heartbeat=NOW, alive=alive, drain=drain,
    )  # fmt: skip


def queue(jobs: int) -> TabStatistics:
    return TabStatistics(plugin="jp2", tab=Tab.QUEUE, jobs=jobs, statuses={Status.STARTED: jobs})


def failed(number: int, **fields: Any) -> Job:
    error = JobError(message="no space left", kind="OSError")
    return job(number, "jp2", status=Status.ERROR, finished=NOW, error=error, **fields)


def group(jobs: int, name: str = "abc") -> ErrorGroup:
    error = JobError(message="no space left", kind="OSError")
    return ErrorGroup(
        group=name, error=error, job="j", jobs=jobs, first=NOW, last=NOW, plugins=("jp2",), processes=1
    )


class Story:
    """Looks, one after the other, at a system that changes."""

    def __init__(self, **seen: Any) -> None:
        self.known: Watched = begin(Seen(now=NOW, **seen))

    def tell(self, after: timedelta, minutes: set[int] | None = None, **seen: Any) -> list[Event]:
        events, self.known = look(self.known, Seen(now=NOW + after, **seen), minutes or set())
        return events

    def kinds(self, after: timedelta, minutes: set[int] | None = None, **seen: Any) -> list[EventKind]:
        return [event.kind for event in self.tell(after, minutes, **seen)]


def stopped(at: datetime = NOW) -> InstalledPlugin:
    return installed("jp2").model_copy(update={"stop": Stop(by="anna", at=at, reason="new disks")})


def test_what_was_so_before_the_first_look_is_told_to_nobody() -> None:
    drained = runner(drain=Drain(by="anna", at=NOW))
    story = Story(plugins=[stopped()], runners=[drained], groups={"jp2": [group(5)]})
    assert story.kinds(MINUTE, plugins=[stopped()], runners=[drained], groups={"jp2": [group(5)]}) == []


def test_a_stop_is_told_once_and_a_later_one_again() -> None:
    story = Story(plugins=[installed("jp2")])
    [event] = story.tell(MINUTE, plugins=[stopped(NOW)])
    assert (event.kind, event.plugin, event.facts["by"]) == (EventKind.PLUGIN_STOPPED, "jp2", "anna")
    assert event.facts["reason"] == "new disks"
    assert story.kinds(MINUTE, plugins=[stopped(NOW)]) == []
    assert story.kinds(MINUTE, plugins=[installed("jp2")]) == []
    assert story.kinds(MINUTE, plugins=[stopped(NOW + MINUTE)]) == [EventKind.PLUGIN_STOPPED]


def test_a_drained_runner_is_told_once() -> None:
    story = Story(runners=[runner()])
    drained = [runner(drain=Drain(by="anna", at=NOW))]
    assert story.kinds(MINUTE, runners=drained) == [EventKind.RUNNER_DRAINED]
    assert story.kinds(MINUTE, runners=drained) == []


def test_a_failed_job_is_told_with_its_title_project_and_message() -> None:
    story = Story()
    [event] = story.tell(MINUTE, failed=[failed(1, title="Atlas", project="Maps")])
    assert (event.kind, event.project, event.path) == (EventKind.JOB_FAILED, "Maps", f"/jobs/{job(1).id}")
    assert event.facts == {"title": "Atlas", "error": "no space left"}
    assert (story.known.failed_at, story.known.failed_id) == (NOW, job(1).id)


def test_a_job_that_fails_again_is_another_event() -> None:
    first, second = (Story().tell(MINUTE, failed=[failed(1, attempt=n)])[0].id for n in (1, 2))
    assert first != second


def test_a_group_of_errors_is_told_when_it_is_new_and_at_each_power_of_ten() -> None:
    story = Story(groups={"jp2": [group(3, "old")]})
    told = [
        len(story.tell(MINUTE, groups={"jp2": [group(n), group(3, "old")]})) for n in (1, 2, 9, 10, 99, 120)
    ]
    assert told == [1, 0, 0, 1, 0, 1]
    assert story.kinds(MINUTE) == []  # not looked at: nothing is forgotten
    assert story.kinds(MINUTE, groups={"jp2": [group(120)]}) == []
    assert story.kinds(MINUTE, groups={"jp2": []}) == []
    assert story.kinds(MINUTE, groups={"jp2": [group(1)]}) == [EventKind.ERROR_GROUP]


def test_jobs_without_a_runner_are_told_when_that_has_lasted() -> None:
    story = Story()
    seen: dict[str, Any] = {"plugins": [installed("jp2")], "statistics": [queue(3)]}
    seen["runners"] = [runner(alive=False)]
    assert story.kinds(MINUTE / 2, **seen) == []
    assert story.kinds(MINUTE, **seen) == []
    assert story.kinds(NO_RUNNER_FOR + MINUTE / 2, **seen) == [EventKind.NO_RUNNER]
    assert story.kinds(NO_RUNNER_FOR + MINUTE, **seen) == []
    assert story.kinds(NO_RUNNER_FOR + MINUTE, **{**seen, "runners": [runner()]}) == []
    assert story.kinds(NO_RUNNER_FOR + 2 * MINUTE, **seen) == []
    assert story.kinds(2 * NO_RUNNER_FOR + 2 * MINUTE, **seen) == [EventKind.NO_RUNNER]


def test_jobs_of_a_stopped_plugin_or_of_an_empty_queue_are_not_told() -> None:
    story = Story(plugins=[stopped()])
    oldest = {"jp2": NOW - timedelta(days=1)}
    for plugin, jobs in ((stopped(), 3), (installed("jp2"), 0)):
        seen = {"plugins": [plugin], "statistics": [queue(jobs)], "oldest": oldest}
        assert story.kinds(NO_RUNNER_FOR, {60}, **seen) == []
        assert story.kinds(AWAY_FOR + NO_RUNNER_FOR, {60}, **seen) == []


def test_an_old_queue_is_told_once_for_each_age_that_a_rule_asks_for() -> None:
    story = Story()
    seen = {
        "plugins": [installed("jp2")],
        "statistics": [queue(1)],
        "runners": [runner()],
        "oldest": {"jp2": NOW - 45 * MINUTE},
    }
    events = story.tell(MINUTE, {30, 60}, **seen)
    assert [event.minutes for event in events] == [30]
    assert story.tell(MINUTE, {30, 60}, **seen) == []
    assert [event.minutes for event in story.tell(AWAY_FOR, {30, 46}, **seen)] == [46]


def test_a_goobi_that_cannot_be_told_is_told_once_until_it_has_everything() -> None:
    story = Story()
    silent = Backlog(pending=7, oldest=NOW - SILENT_FOR)
    [event] = story.tell(MINUTE, backlogs={"main": silent})
    assert (event.kind, event.facts["reports"]) == (EventKind.GOOBI_SILENT, "7")
    assert story.kinds(MINUTE, backlogs={"main": silent}) == []
    assert story.kinds(MINUTE, backlogs={"main": Backlog()}) == []
    assert story.kinds(MINUTE, backlogs={"main": silent}) == [EventKind.GOOBI_SILENT]


def test_an_operation_that_has_ended_is_told_with_what_it_did() -> None:
    story = Story()
    ended = Operation(
        id="op", action=JobAction.RETRY, filter=JobFilter(plugin="jp2"),
        asked=Attribution(by="anna", at=NOW), finished=NOW + MINUTE, done=8, refused=1,
    )  # fmt: skip
    [event] = story.tell(MINUTE, operations=[ended])
    assert event.facts == {"by": "anna", "action": "retry", "done": "8", "failed": "1"}
    assert story.known.operations_at == NOW + MINUTE


def test_who_comes_back_says_how_long_nobody_looked() -> None:
    story = Story()
    assert story.kinds(AWAY_FOR) == []
    [event] = story.tell(2 * AWAY_FOR + MINUTE)
    assert event.kind is EventKind.SCHEDULER_AWAY
    assert event.facts == {"since": "2026-11-28 12:02 UTC", "until": "2026-11-28 12:05 UTC"}


def test_the_same_look_twice_makes_the_same_events() -> None:
    """After a kill before it was stored what was noticed."""
    story = Story()
    seen = Seen(now=NOW + 3 * MINUTE, plugins=[stopped()], failed=[failed(1)], groups={"jp2": [group(1)]})
    first, second = (look(story.known, seen, set())[0] for _ in range(2))
    assert [event.id for event in first] == [event.id for event in second]
    assert len({event.id for event in first}) == len(first)

"""What judges expressions and answers notices what it is for."""

import json
import math
from pathlib import Path

import pytest
import yaml
from tests.monitoring.expressions import Expression, Kind
from tests.monitoring.prometheus import Series, configuration
from tests.monitoring.verdicts import Answer, missing_metrics
from tests.monitoring.vocabulary import mistakes

ASKED = Expression("panel", "Overview", "Jobs", "sum(taskmanager_jobs)", "jobs")


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ('sum(taskmanager_jobs{status="STARTED"})', []),
        ("sum(taskmanager_jobz)", ["no service has a metric taskmanager_jobz"]),
        ('taskmanager_jobs{state="STARTED"}', ["taskmanager_jobs has no label state"]),
        ('taskmanager_jobs{status="RUNNING"}', ["taskmanager_jobs: status is never RUNNING"]),
        ('taskmanager_jobs{status=~"DONE|ENDED"}', ["taskmanager_jobs: status is never ENDED"]),
        ('rate(taskmanager_commit_seconds_bucket{le="0.1", instance="a"}[5m])', []),
        ("rate(taskmanager_jobs_bucket[5m])", ["no service has a metric taskmanager_jobs_bucket"]),
        ('rabbitmq_detailed_queue_messages{queue="tm.dead"}', []),
    ],
)
def test_what_nobody_makes_is_noticed(expr: str, found: list[str]) -> None:
    assert list(mistakes(expr)) == found


@pytest.mark.parametrize(
    ("kind", "values", "fault"),
    [
        ("panel", [], "empty"),
        ("panel", [math.nan], "not a number"),
        ("panel", [math.inf], "not a number"),
        ("panel", [math.nan, 0.0], None),
        ("record", [], "empty"),
        ("alert", [], None),
    ],
)
def test_a_panel_that_would_show_nothing_is_a_fault_and_a_silent_alert_is_none(
    kind: Kind, values: list[float], fault: str | None
) -> None:
    asked = Expression(kind, "", "", "x")
    assert Answer(asked, [Series({}, [(0.0, value)]) for value in values]).fault == fault


def test_a_metric_that_no_service_shows_is_named_with_who_asks_for_it() -> None:
    latency = Expression("panel", "Overview", "Commits", "rate(taskmanager_commit_seconds_bucket[1m])")
    there = frozenset({"taskmanager_commit_seconds_count"})
    assert missing_metrics([ASKED, latency], there) == {"taskmanager_jobs": {"Overview: Jobs"}}


def test_variables_are_replaced_in_both_notations_and_an_unknown_one_is_an_error() -> None:
    asked = Expression("panel", "", "", 'x{plugin=~"$plugin", instance=~"${instance}"}[$__rate_interval]')
    variables = {"plugin": "jp2", "instance": ".*", "__rate_interval": "1m"}
    assert asked.asked_with(variables).expr == 'x{plugin=~"jp2", instance=~".*"}[1m]'
    with pytest.raises(KeyError, match="plugin"):
        asked.asked_with({})


def test_a_series_is_named_as_the_panel_says() -> None:
    series = Series({"plugin": "jp2", "state": "free"}, [(0.0, 1.0)])
    assert series.named("{{plugin}} {{state}}") == "jp2 free"
    assert series.named("") == "plugin=jp2, state=free"
    assert Series({}, [(0.0, 1.0)]).named("") == "{}"


def test_the_configuration_for_systemd_gets_the_processes_of_the_stack(tmp_path: Path) -> None:
    names = ("gateway-1", "scheduler-1", "runner-jp2-1", "runner-shell-1", "mongod")
    processes = [{"name": name, "port": 10_000 + number} for number, name in enumerate(names)]

    made = yaml.safe_load(configuration(processes, 15692, tmp_path))

    static = {
        one["job_name"]: one["static_configs"][0]["targets"]
        for one in made["scrape_configs"]
        if "static_configs" in one
    }
    assert static == {
        "taskmanager-gateway": ["127.0.0.1:10000"],
        "taskmanager-scheduler": ["127.0.0.1:10001"],
        "rabbitmq": ["127.0.0.1:15692"],
        "rabbitmq-queues": ["127.0.0.1:15692"],
    }
    runners = json.loads((tmp_path / "runners.json").read_text(encoding="utf-8"))
    assert runners == [{"targets": ["127.0.0.1:10002", "127.0.0.1:10003"]}]

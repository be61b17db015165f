"""A real Prometheus watches a system in which much happens: every panel shows it, the right alerts are on.

`make monitoring` is the long form, with charts of all answers.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.monitoring.scenario import ALERTS
from tests.monitoring.verdicts import missing_metrics
from tests.monitoring.watching import Watched, expressions, watched

from taskmanager_testing.waiting import eventually

WITHIN_SECONDS = 40


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(Path(tmp_path_factory.mktemp("watched"))) as made:
        scenario = made.scenario
        scenario.work(2)
        scenario.long_job()
        scenario.queue()
        scenario.failures()
        scenario.cancel()
        scenario.operation()
        scenario.drain()
        scenario.stop_plugin()
        scenario.wrong_requests()
        with scenario.goobi_down():
            pass
        with scenario.open_page():
            yield made
        scenario.release()


def faults(seen: Watched) -> dict[str, str]:
    return {f"{one.asked.place}: {one.asked.title}": one.fault for one in seen.answers() if one.fault}


def test_every_panel_and_every_recorded_level_has_a_value(seen: Watched) -> None:
    try:
        eventually(lambda: not faults(seen), within_seconds=WITHIN_SECONDS)
    except AssertionError:
        assert faults(seen) == {}


def test_every_metric_that_is_asked_for_is_there(seen: Watched) -> None:
    assert missing_metrics(expressions(), seen.prometheus.names()) == {}


def test_every_variable_of_a_dashboard_offers_something(seen: Watched) -> None:
    assert [name for name, values in seen.choices().items() if not values] == []


def test_every_rule_can_be_evaluated(seen: Watched) -> None:
    rules = seen.prometheus.rules()
    assert {rule["health"] for rule in rules} == {"ok"}, [rule["lastError"] for rule in rules]


def test_the_alerts_that_are_on_are_those_there_is_reason_for_in_words_for_people(seen: Watched) -> None:
    try:
        eventually(lambda: seen.alerts() == ALERTS, within_seconds=WITHIN_SECONDS)
    except AssertionError:
        assert seen.alerts() == ALERTS

    for alert in seen.prometheus.alerts():
        texts = alert["annotations"]
        assert alert["labels"].get("plugin", "") in texts["summary"]
        assert texts["runbook_url"].endswith(f"/runbooks.html#{alert['labels']['alertname'].lower()}")
        assert not [text for text in texts.values() if "<error" in text or "%!" in text]

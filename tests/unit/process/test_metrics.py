"""Counters that begin at 0, judged by Prometheus's own test of rules, and the formats they are shown in."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from prometheus_client import REGISTRY

from taskmanager.mongo import MongoStore
from taskmanager.ports.store import Needs, Plan, Snapshot
from taskmanager.process.metrics import Counter, begin_at_zero, begin_shared, exposition

BEGUN = Counter("taskmanager_test_begun_total", "Begins at 0", ["kind", "way"])
LEFT_ALONE = Counter("taskmanager_test_left_alone_total", "Comes into being with its first event", ["kind"])
RULES = """
groups:
  - name: first
    rules:
      - alert: FirstEvent
        expr: increase({name}[5m]) > 0
"""
TEST = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: '{series}'
        values: '{values}'
    alert_rule_test:
      - eval_time: 5m
        alertname: FirstEvent
        exp_alerts: {fires}
"""


def scraped(series: str) -> str:
    """The value of a series as Prometheus would scrape it now; `_` as long as there is none."""
    text = exposition()[0].decode()
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return found[1] if found else "_"


@pytest.mark.parametrize(
    ("counter", "series", "fires"),
    [
        (
            lambda: BEGUN.labels("bad", "in"),
            'taskmanager_test_begun_total{kind="bad",way="in"}',
            "[{exp_labels: {kind: bad, way: in}}]",
        ),
        (lambda: LEFT_ALONE.labels("bad"), 'taskmanager_test_left_alone_total{kind="bad"}', "[]"),
    ],
)
def test_an_alert_on_the_first_event_fires_only_for_a_counter_that_begins_at_0(
    tmp_path: Path, counter: Callable[[], Counter], series: str, fires: str
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here")
    begin_at_zero(BEGUN, ("good", "bad"), ("in", "out"))
    values = [scraped(series) for _ in range(3)]
    counter().inc()
    values += [scraped(series) for _ in range(3)]
    (tmp_path / "rules.yml").write_text(RULES.format(name=series.partition("{")[0]), encoding="utf-8")
    test = TEST.format(series=series, values=" ".join(values), fires=fires)
    (tmp_path / "test.yml").write_text(test, encoding="utf-8")

    judged = subprocess.run(
        [promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_every_combination_of_values_begins_at_0_and_nothing_counted_is_lost() -> None:
    begin_at_zero(BEGUN, ("fresh", "used"), ("in", "out"))
    BEGUN.labels("used", "out").inc(3)
    begin_at_zero(BEGUN, ("fresh", "used"), ("in", "out"))

    every = [(kind, way) for kind in ("fresh", "used") for way in ("in", "out")]
    values = [scraped(f'taskmanager_test_begun_total{{kind="{kind}",way="{way}"}}') for kind, way in every]
    assert values == ["0.0", "0.0", "0.0", "3.0"]


def test_a_service_without_a_database_says_nothing_of_collections() -> None:
    begin_shared(("rabbitmq",))
    assert scraped('taskmanager_retries_total{what="rabbitmq"}') != "_"
    assert scraped('taskmanager_http_refused_total{why="408"}') != "_"


async def test_a_transaction_that_the_driver_repeats_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver calls again what it was given; the store cannot know why, but how often."""
    store = MongoStore("mongodb://127.0.0.1:1/db")
    writes: list[Any] = []

    class Session:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            """Nothing is open."""

        async def with_transaction(self, write: Callable[[Any], Any], **_options: object) -> None:
            for _ in range(3):
                await write(self)

    async def write_all(_: object, plan: Plan) -> None:
        writes.append(plan)

    async def snapshot(_: Needs, *, trusting: bool) -> tuple[Snapshot, list[Any]]:
        assert trusting
        return Snapshot(), []

    monkeypatch.setattr(store._writing, "write", write_all)
    monkeypatch.setattr(store._loading, "snapshot", snapshot)
    monkeypatch.setattr(store._client, "start_session", Session)
    before = REGISTRY.get_sample_value("taskmanager_transaction_retries_total", {"reason": "transient"}) or 0
    plan = Plan(forgotten_runners=["r"])

    await store.apply(Needs(), lambda _: plan)

    after = REGISTRY.get_sample_value("taskmanager_transaction_retries_total", {"reason": "transient"})
    assert (len(writes), after) == (3, before + 2)
    await store.close()

"""A local stack, a fake Goobi that it tells, and a real Prometheus that watches it and is asked."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import System, running_system
from tests.e2e.goobi_steps import settings_file
from tests.monitoring.expressions import Expression, dashboards, of_panels, of_rules
from tests.monitoring.prometheus import Prometheus, configuration, running_prometheus
from tests.monitoring.scenario import OF_A_SLOW_MACHINE, PLUGINS, SETTINGS, Scenario
from tests.monitoring.verdicts import Answer

from taskmanager_local.commands import free_port
from taskmanager_testing.goobi import FakeGoobi, running_goobi

BOOKS = 2000
VARIABLES = {
    "plugin": "|".join(PLUGINS),
    "installation": ".*",
    "instance": ".*",
    "prefix": "tm",
    "__rate_interval": "2m",
}
"""What a reader of the dashboards would choose. Grafana's own interval is 1m, at a scrape every 15 s."""
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True)
class Watched:
    """All of it, running."""

    system: System
    prometheus: Prometheus
    scenario: Scenario

    def answers(self) -> Sequence[Answer]:
        """What Prometheus says now to every panel and every rule."""
        return [Answer(one, self.prometheus.ask(one.expr)) for one in expressions()]

    def alerts(self) -> set[tuple[str, str | None]]:
        """The alerts that are on, pending or firing, with the plugin; without those of a slow machine."""
        on = (one["labels"] for one in self.prometheus.alerts())
        return {
            (one["alertname"], one.get("plugin")) for one in on if one["alertname"] not in OF_A_SLOW_MACHINE
        }

    def choices(self) -> dict[str, Sequence[str]]:
        """The values that each variable of each dashboard offers."""
        found = {}
        for title, dashboard in dashboards().items():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "query":
                    found[f"{title}: {variable['name']}"] = self._values(variable["query"]["query"])
        return found

    def _values(self, query: str) -> Sequence[str]:
        asked = LABEL_VALUES.fullmatch(query)
        assert asked, query
        selector = Expression("panel", "", "", asked[1]).asked_with(VARIABLES).expr
        return self.prometheus.label_values(selector, asked[2])


def expressions() -> Sequence[Expression]:
    """Every question, as it is asked here."""
    return [*(one.asked_with(VARIABLES) for one in of_panels()), *of_rules()]


@contextmanager
def watched(base: Path) -> Iterator[Watched]:
    """Everything started; `base` is an empty folder."""
    port = free_port()
    prometheus_folder = base / "prometheus"
    prometheus_folder.mkdir()
    with running_goobi(FakeGoobi.with_books(BOOKS)) as goobi:
        settings = {**SETTINGS, "TASKMANAGER_GOOBI": str(settings_file(base, goobi.url))}
        options = ("--plugins", *PLUGINS, "--broker-metrics-port", str(port))
        with running_system(base, *options, settings=settings) as system:
            text = configuration(system.status()["processes"], port, prometheus_folder)
            with running_prometheus(prometheus_folder, text) as prometheus:
                yield Watched(system, prometheus, Scenario(system, goobi))

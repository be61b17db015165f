"""Every expression that Prometheus is asked: by the panels of the dashboards, and by the rules."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")

Kind = Literal["panel", "record", "alert"]


@dataclass(frozen=True)
class Expression:
    """One question to Prometheus.

    Attributes:
        place: the dashboard, or the file of rules.
        title: of the panel, or the name of the rule.
        legend: how the series of the answer are named, with `{{label}}` for a label.
        unit: as Grafana names it; empty for rules.
    """

    kind: Kind
    place: str
    title: str
    expr: str
    legend: str = ""
    unit: str = ""

    def asked_with(self, variables: Mapping[str, str]) -> "Expression":
        """The same with values in place of the variables; raises KeyError for one that has none."""
        expr = VARIABLE.sub(lambda found: variables[found[1] or found[2]], self.expr)
        return Expression(self.kind, self.place, self.title, expr, self.legend, self.unit)


def dashboards() -> Mapping[str, Mapping[str, Any]]:
    """What Grafana is given, by title and in the order of file names."""
    read = (json.loads(file.read_text(encoding="utf-8")) for file in sorted(DASHBOARDS.glob("*.json")))
    return {one["title"].removeprefix("TaskManager: "): one for one in read}


def panels() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each panel that shows something, with the title of its dashboard."""
    for title, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield title, panel


def rules() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each rule, with the name of its file."""
    for file in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield file.stem, rule


def alerts() -> list[Mapping[str, Any]]:
    """Each rule that is an alert."""
    return [rule for _, rule in rules() if "alert" in rule]


def of_panels() -> Iterator[Expression]:
    """What the dashboards ask, in their order."""
    for dashboard, panel in panels():
        unit = panel["fieldConfig"]["defaults"]["unit"]
        for target in panel["targets"]:
            yield Expression("panel", dashboard, panel["title"], target["expr"], target["legendFormat"], unit)


def of_rules() -> Iterator[Expression]:
    """What the rules ask."""
    for file, rule in rules():
        kind: Kind = "alert" if "alert" in rule else "record"
        level = rule.get("labels", {}).get("level")
        title = f"{rule[kind]} {level}" if level else rule[kind]
        yield Expression(kind, file, title, rule["expr"])

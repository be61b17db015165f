"""The dashboards are what their code makes, and every panel can be understood without its author."""

import itertools
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.monitoring.expressions import DASHBOARDS, ROOT, VARIABLE, dashboards, of_panels, panels
from tests.monitoring.vocabulary import mistakes, recorded

TITLES = {"Overview", "Plugin", "Runners", "Broker and database", "Goobi", "Gateway", "Service levels"}
PANELS = [pytest.param(one, id=f"{title}: {one['title']}") for title, one in panels()]
COLUMNS = 24


def test_the_files_are_what_the_code_makes(tmp_path: Path) -> None:
    python = ROOT / ".venv" / "tools" / "bin" / "python"
    subprocess.run([python, "-m", "deploy.grafana", tmp_path], cwd=ROOT, check=True)

    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_text(encoding="utf-8") for file in DASHBOARDS.iterdir()}, (
        "run `make dashboards`"
    )


def test_there_are_seven_each_with_a_data_source_and_an_instance_to_choose() -> None:
    found = dashboards()
    assert found.keys() == TITLES
    for title, one in found.items():
        names = {variable["name"]: variable["type"] for variable in one["templating"]["list"]}
        assert names["datasource"] == "datasource", title
        assert names["instance"] == "query", title
        pages = [link["url"] for link in one["links"] if link["type"] == "link"]
        assert pages, title
        assert all(page.startswith("${taskmanager}/") for page in pages), title


def test_every_variable_is_used_and_every_one_that_is_used_is_there() -> None:
    for title, one in dashboards().items():
        offered = {variable["name"] for variable in one["templating"]["list"]}
        used = {found[0] or found[1] for found in VARIABLE.findall(json.dumps(one))}
        of_grafana = {name for name in used if name.startswith("__")}
        assert used - of_grafana == offered, title
        asked = {name for expr in of_panels() if expr.place == title for name in names(expr.expr)}
        assert "instance" in asked, title


def names(expr: str) -> list[str]:
    """The variables in an expression."""
    return [found[0] or found[1] for found in VARIABLE.findall(expr)]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_in_which_unit_and_where_from(panel: Mapping[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["targets"]
    assert all(target["legendFormat"] for target in panel["targets"])
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references)


def test_no_panel_lies_on_another_and_no_two_have_the_same_number_or_title() -> None:
    for title, one in dashboards().items():
        cells = list(itertools.chain.from_iterable(map(covered, one["panels"])))
        assert len(set(cells)) == len(cells), title
        assert max(column for column, _ in cells) < COLUMNS, title
        numbers = [panel["id"] for panel in one["panels"]]
        assert len(set(numbers)) == len(numbers), title
        titles = [panel["title"] for panel in one["panels"]]
        assert len(set(titles)) == len(titles), title


def covered(panel: Mapping[str, Any]) -> list[tuple[int, int]]:
    """The cells of the grid that a panel covers."""
    at = panel["gridPos"]
    columns, rows = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
    return list(itertools.product(columns, rows))


def test_panels_name_only_metrics_labels_and_values_that_there_are() -> None:
    wrong = {f"{one.place}, {one.title}: {mistake}" for one in of_panels() for mistake in mistakes(one.expr)}
    assert not wrong


def test_panels_name_only_series_that_rules_record() -> None:
    known = recorded()
    for one in of_panels():
        named = set(re.split(r"[^\w:]+", one.expr))
        assert {word for word in named if word.startswith("taskmanager:")} <= known, one

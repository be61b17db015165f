"""`make monitoring`: a real Prometheus watches a system in which much happens; what every panel shows of it.

Prints panel, series and value; exit code 1 if a panel would be empty, a rule cannot be evaluated, or an alert
is on for which there is no reason. Charts of all answers are drawn into .monitoring.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.monitoring.expressions import ROOT, Expression, panels
from tests.monitoring.prometheus import Prometheus, is_number
from tests.monitoring.scenario import ALERTS, Scenario
from tests.monitoring.verdicts import Answer, missing_metrics
from tests.monitoring.watching import VARIABLES, Watched, expressions, watched

FOLDER = ROOT / ".monitoring"
TOOLS = ROOT / ".venv" / "tools" / "bin" / "python"
STEP_SECONDS = 2
WORK_SECONDS = 0.7
SHOWN_SERIES = 4

console = Console(highlight=False, soft_wrap=True)


@contextmanager
def steady_work(scenario: Scenario) -> Iterator[None]:
    """Jobs that find a free slot, one after another, all the time."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(WORK_SECONDS):
            scenario.work()

    with ThreadPoolExecutor(max_workers=1) as pool:
        working = pool.submit(go_on)
        try:
            yield
        finally:
            over.set()
        working.result()


def play(scenario: Scenario, seconds: float) -> None:
    """Everything that happens, spread over this time; work goes on beside it."""
    pause = threading.Event()
    acts: Mapping[str, Callable[[], None]] = {
        "30 jobs for two slots": lambda: scenario.burst(30),
        "failures and a crash": scenario.failures,
        "an operation": scenario.operation,
        "jobs that hold all slots": scenario.queue,
        "a cancel": scenario.cancel,
        "Goobi is down": lambda: goobi_away(scenario, seconds / 8),
        "the slots are free again": scenario.release,
        "a plugin is stopped": scenario.stop_plugin,
        "a runner is drained": scenario.drain,
        "requests that are refused": scenario.wrong_requests,
        "a long job": scenario.long_job,
    }
    for name, act in acts.items():
        console.print(f"  {name}")
        act()
        pause.wait(seconds / len(acts))


def goobi_away(scenario: Scenario, seconds: float) -> None:
    """Goobi does not answer for some time."""
    with scenario.goobi_down():
        threading.Event().wait(seconds)


def table_of(answers: Sequence[Answer]) -> Table:
    """A line for each series; of many, the first few."""
    table = Table()
    for heading in ("dashboard", "panel", "series", "value"):
        table.add_column(heading, overflow="fold")
    for one in answers:
        if one.asked.kind == "alert":
            continue
        finite = [series for series in one.series if is_number(series.last)]
        for series in finite[:SHOWN_SERIES]:
            table.add_row(
                one.asked.place, one.asked.title, series.named(one.asked.legend), f"{series.last:.6g}"
            )
        if one.fault:
            table.add_row(one.asked.place, one.asked.title, "", one.fault.upper())
        elif len(finite) > SHOWN_SERIES:
            table.add_row("", "", f"and {len(finite) - SHOWN_SERIES} more", "")
    return table


def drawn(prometheus: Prometheus, begin: float) -> Mapping[str, Any]:
    """What every panel shows from then until now, for the charts."""
    end = time.time()
    found: dict[str, list[dict[str, Any]]] = {}
    for title, panel in panels():
        lines = []
        for target in panel["targets"]:
            expr = Expression("panel", "", "", target["expr"]).asked_with(VARIABLES).expr
            lines += [
                {"name": series.named(target["legendFormat"]), "values": series.values}
                for series in prometheus.ask_range(expr, begin, end, STEP_SECONDS)
                if any(is_number(value) for _, value in series.values)
            ]
        unit = panel["fieldConfig"]["defaults"]["unit"]
        found.setdefault(title, []).append(
            {"title": panel["title"], "type": panel["type"], "unit": unit, "series": lines}
        )
    return {"begin": begin, "dashboards": [{"title": title, "panels": own} for title, own in found.items()]}


def mistakes(seen: Watched, answers: Sequence[Answer]) -> Iterator[str]:
    """What is wrong with them."""
    for one in answers:
        if one.fault:
            yield f"{one.asked.place}, {one.asked.title}: {one.fault}: {one.asked.expr}"
    for metric, askers in missing_metrics(expressions(), seen.prometheus.names()).items():
        yield f"{metric} is not there; asked for by {', '.join(sorted(askers))}"
    for name, values in seen.choices().items():
        if not values:
            yield f"there is nothing to choose for {name}"
    for rule in seen.prometheus.rules():
        if rule["health"] != "ok":
            yield f"{rule['name']}: {rule['lastError']}"
    on = seen.alerts()
    for alert, plugin in sorted(on ^ ALERTS, key=str):
        yield f"{alert} ({plugin}) is {'on' if (alert, plugin) in on else 'not on'}"


def main() -> int:
    """The exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=180, help="how long it is watched")
    seconds = options.parse_args().seconds
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as base, watched(Path(base)) as seen:
        begin = time.time()
        console.print(f"watching for {seconds:.0f} s")
        with seen.scenario.open_page(), steady_work(seen.scenario):
            play(seen.scenario, seconds)
            answers = seen.answers()
        console.print(table_of(answers))
        for alert in seen.prometheus.alerts():
            console.print(f"{alert['state']}: {alert['annotations']['summary']}")
        wrong = list(mistakes(seen, answers))
        answered = FOLDER / "answers.json"
        answered.write_text(json.dumps(drawn(seen.prometheus, begin)), encoding="utf-8")
    subprocess.run([TOOLS, Path(__file__).with_name("charts.py"), answered, FOLDER], check=True)
    console.print(f"{len(answers)} questions, charts in {FOLDER}")
    for one in wrong:
        console.print(f"WRONG: {one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

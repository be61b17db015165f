"""What expressions may name: the metrics that the code defines, their labels, and the closed sets of values.

An alert about a metric or a value that nobody makes never fires, and no run shows it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from deploy.reference.labels import CLOSED
from deploy.reference.metrics import PROCESSES, Metric, labels_of, metrics_of, name_of
from tests.monitoring.expressions import of_rules

from taskmanager.process.metrics import PREFIX, Histogram

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SELECTOR = re.compile(rf"\b({NAME})\{{([^}}]*)\}}")
MATCHER = re.compile(rf'({NAME})\s*(=~|!=|!~|=)\s*"([^"]*)"')
OURS = re.compile(r"\btaskmanager_\w+")
PARTS = ("_bucket", "_sum", "_count")
OF_PROMETHEUS = frozenset({"job", "instance", "le"})
"""Labels that the scraping adds, or every histogram has."""
OPEN_ENDED = re.compile(r"[.*+\[\]$<>\\]")


@cache
def metrics() -> Mapping[str, frozenset[str]]:
    """The labels of each metric that a service shows."""
    return {name_of(metric): frozenset(labels_of(metric)) for metric in _every()}


@cache
def histograms() -> frozenset[str]:
    """Those with the series `_bucket`, `_sum` and `_count`."""
    return frozenset(name_of(metric) for metric in _every() if isinstance(metric, Histogram))


def _every() -> Iterator[Metric]:
    for module in PROCESSES.values():
        yield from metrics_of(module)


def recorded() -> frozenset[str]:
    """The names that recording rules make."""
    return frozenset(one.title.split()[0] for one in of_rules() if one.kind == "record")


def named_metrics(expr: str) -> frozenset[str]:
    """The metrics of the services that an expression names, without the endings of a histogram's series."""
    return frozenset(_family(name) for name in OURS.findall(expr))


def mistakes(expr: str) -> Iterator[str]:
    """What an expression names although nobody makes it."""
    known = metrics()
    for name in sorted(named_metrics(expr) - known.keys()):
        yield f"no service has a metric {name}"
    for selected, matchers in SELECTOR.findall(expr):
        family = _family(selected)
        if family in known:
            yield from _wrong_labels(family, known[family], matchers)


def _wrong_labels(metric: str, labels: frozenset[str], matchers: str) -> Iterator[str]:
    closed = CLOSED.get(metric.removeprefix(PREFIX), {})
    for label, _, value in MATCHER.findall(matchers):
        if label not in labels | OF_PROMETHEUS:
            yield f"{metric} has no label {label}"
        values = set(closed.get(label, ()))
        for one in value.split("|"):
            if values and not OPEN_ENDED.search(one) and one not in values:
                yield f"{metric}: {label} is never {one}"


def _family(name: str) -> str:
    ending = next((part for part in PARTS if name.endswith(part)), "")
    family = name.removesuffix(ending)
    return family if ending and family in histograms() else name

"""Whether an answer of Prometheus could be shown. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.monitoring.expressions import Expression
from tests.monitoring.prometheus import Series, is_number
from tests.monitoring.vocabulary import named_metrics

SILENT = frozenset({"taskmanager_queue_in_danger"})
"""Metrics without a series while nothing is wrong: only a policy of RabbitMQ makes one."""


@dataclass(frozen=True)
class Answer:
    """What Prometheus said to an expression."""

    asked: Expression
    series: Sequence[Series]

    @property
    def fault(self) -> str | None:
        """Why a panel or a recording rule would show nothing, or None. An alert may well be silent."""
        if self.asked.kind == "alert":
            return None
        if not self.series:
            return "empty"
        if not any(is_number(one.last) for one in self.series):
            return "not a number"
        return None


def missing_metrics(expressions: Sequence[Expression], there: frozenset[str]) -> Mapping[str, set[str]]:
    """The metrics that are asked for although no service shows them, and who asks."""
    found: dict[str, set[str]] = {}
    for one in expressions:
        for metric in named_metrics(one.expr) - SILENT:
            if not there & {metric, f"{metric}_count"}:
                found.setdefault(metric, set()).add(f"{one.place}: {one.title}")
    return found

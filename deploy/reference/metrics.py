"""The page `docs/metrics.md`: every metric, from the modules that define them."""

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from deploy.reference.labels import values
from deploy.reference.markdown import code, table

from taskmanager.process import metrics as shared
from taskmanager.process.metrics import Counter, Gauge, Histogram
from taskmanager_gateway import metrics as gateway
from taskmanager_orchestrator import metrics as orchestrator
from taskmanager_plugin_runner import metrics as runner
from taskmanager_scheduler import metrics as scheduler

Metric = Counter | Gauge | Histogram
PROCESSES: Mapping[str, ModuleType] = {
    "Every service": shared,
    "Gateway": gateway,
    "Scheduler": scheduler,
    "Plugin runner": runner,
    "Orchestrator": orchestrator,
}
HEAD = ("metric", "type", "labels", "meaning")


def document() -> str:
    """What follows the introduction."""
    return "\n".join([*(line for name, module in PROCESSES.items() for line in _section(name, module))])


def metrics_of(module: ModuleType) -> list[Metric]:
    """The metrics a module itself defines, in order."""
    inherited = {id(value) for value in vars(shared).values()} if module is not shared else set()
    found = (value for value in vars(module).values() if isinstance(value, Metric))
    return [metric for metric in found if id(metric) not in inherited]


def name_of(metric: Metric) -> str:
    """The name as Prometheus shows it."""
    family = next(iter(metric.describe()))
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels_of(metric: Metric) -> tuple[str, ...]:
    """The names of its labels."""
    return tuple(metric._labelnames)  # noqa: SLF001 - the library has no public way to get them


def _section(title: str, module: ModuleType) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from table(HEAD, (_row(metric) for metric in metrics_of(module)))


def _row(metric: Metric) -> tuple[str, ...]:
    family, name = next(iter(metric.describe())), name_of(metric)
    return code(name), family.type, _labels(name, labels_of(metric)), family.documentation


def _labels(metric: str, labels: Iterable[str]) -> str:
    return "<br>".join(f"{code(label)}: {values(metric, label)}" for label in labels)

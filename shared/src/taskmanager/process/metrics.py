"""The metrics all services share; only this module imports prometheus-client.

Names follow Prometheus's "Metric and label naming": base units, unit suffix, `_total` for counters, and
nothing as a label that grows with the work: no job, process, project, user or id of a process.
"""

from collections.abc import Iterable
from itertools import product

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

__all__ = ["Counter", "Gauge", "Histogram", "begin_at_zero", "exposition"]

PREFIX = "taskmanager_"

# one series more for each counter and histogram, which nothing here needs
disable_created_metrics()  # type: ignore[no-untyped-call]

RETRIES = Counter(f"{PREFIX}retries_total", "Retries of connections and idempotent calls", ["what"])
BROKER_CONNECTED = Gauge(f"{PREFIX}broker_connected", "1 while the AMQP connection is open", ["connection"])
HTTP_REFUSED = Counter(
    f"{PREFIX}http_refused_total",
    "Connections closed before a complete request, by HTTP status, or in favour of another connection",
    ["why"],
)
UNREADABLE_DOCUMENTS = Counter(
    f"{PREFIX}unreadable_documents_total", "Stored documents that could not be read", ["collection"]
)
TRANSACTION_RETRIES = Counter(
    f"{PREFIX}transaction_retries_total",
    "Transactions that were decided or written again: another writer was quicker, a sum had to be mended, or "
    "the database asked for it",
    ["reason"],
)
BUILD = Gauge(f"{PREFIX}build_info", "Always 1; the version is in the label", ["service", "version"])

DURATION_BUCKETS = (
    *(0.001, 0.005, 0.01, 0.025, 0.05, 0.25, 1, 5, 15, 60, 300, 900),
    *(3600, 4 * 3600, 12 * 3600, 24 * 3600),
)
"""Seconds; digitisation jobs last from milliseconds to hours."""

HTTP_REFUSALS = ("400", "408", "431", "503", "gave_way")
TRANSACTION_REASONS = ("collision", "counters", "transient")
COLLECTIONS = (
    "audit",
    "hourly",
    "installations",
    "job_files",
    "job_logs",
    "jobs",
    "notes",
    "notices",
    "notification_deliveries",
    "notification_rules",
    "notification_state",
    "operation_failures",
    "operations",
    "plugins",
    "reports",
    "runners",
    "sessions",
    "statistics",
    "tokens",
    "users",
)
"""The collections whose documents are read into the model."""


def begin_at_zero(metric: Counter | Histogram, *labels: Iterable[str]) -> None:
    """Make the series for every combination of these values of its labels, in their order.

    A series that begins with its first event shows no increase, so an alert on the first event never fires.
    Repeating this changes nothing.
    """
    for values in product(*map(tuple, labels)):
        metric.labels(*values)


def begin_shared(what: Iterable[str], *, database: bool = False) -> None:
    """The series of the counters above: `what` a service retries, and whether it reads the database."""
    begin_at_zero(RETRIES, what)
    begin_at_zero(HTTP_REFUSED, HTTP_REFUSALS)
    if database:
        begin_at_zero(UNREADABLE_DOCUMENTS, COLLECTIONS)


def exposition(accept: str = "") -> tuple[bytes, str]:
    """All metrics of this process and their content type.

    In the text format of Prometheus, or in that of OpenMetrics, which also has the exemplars, if the header
    `Accept` of the request names it.
    """
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type

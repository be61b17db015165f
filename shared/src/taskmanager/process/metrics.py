"""The metrics all services share; only this module imports prometheus-client.

Names follow Prometheus's "Metric and label naming": base units, unit suffix, `_total` for counters, no ids as
labels.
"""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Histogram", "exposition"]

PREFIX = "taskmanager_"
CONTENT_TYPE = CONTENT_TYPE_LATEST

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
BUILD = Gauge(f"{PREFIX}build_info", "Always 1; the version is in the label", ["service", "version"])

DURATION_BUCKETS = (0.05, 0.25, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600)
"""Seconds; digitisation jobs last from moments to hours."""


def exposition() -> bytes:
    """All metrics of this process in the text format of Prometheus."""
    return generate_latest()

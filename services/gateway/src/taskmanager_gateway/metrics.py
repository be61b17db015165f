"""The gateway's metrics."""

from taskmanager.process.metrics import PREFIX, Counter, Gauge, Histogram

ANSWER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

SUBMISSIONS = Counter(
    f"{PREFIX}gateway_submissions_total",
    "Submitted jobs by plugin and what became of them (accepted, replayed, duplicate or the problem)",
    ["plugin", "outcome"],
)
COMMANDS = Counter(
    f"{PREFIX}gateway_commands_total",
    "Operators' commands by action and what became of them (done, unchanged, pending or the problem)",
    ["action", "outcome"],
)
LOG_INS = Counter(
    f"{PREFIX}gateway_log_ins_total",
    "Log-ins by way and what became of them (done, refused, too_many), and log-outs (left)",
    ["way", "outcome"],
)
FORBIDDEN_REQUESTS = Counter(
    f"{PREFIX}gateway_forbidden_total",
    "Requests that were refused with 403, by what was missing: a right, reach, or a CSRF token",
    ["missing"],
)
REQUESTS = Histogram(
    f"{PREFIX}gateway_request_duration_seconds",
    "Time from the request to the end of its answer; event streams are not counted",
    ["method", "route", "status"],
    buckets=ANSWER_BUCKETS,
)
DEFECTS = Counter(f"{PREFIX}gateway_defects_total", "Requests that ended in an unexpected exception")
STREAMS = Gauge(f"{PREFIX}gateway_streams", "Open event streams", ["stream"])
STREAMS_DROPPED = Counter(
    f"{PREFIX}gateway_streams_dropped_total", "Event streams dropped for being too slow"
)
CHECKS_SKIPPED = Counter(
    f"{PREFIX}gateway_checks_skipped_total",
    "Submissions taken without looking for an earlier one because the database was away",
)
PATH_CHECKS_LATE = Counter(
    f"{PREFIX}gateway_path_checks_late_total", "Path checks the file system did not answer"
)
SUBMISSIONS_LOST = Counter(
    f"{PREFIX}gateway_submissions_lost_total",
    "Accepted submissions that later ones overtook on the way to the store, by whether they were sent again",
    ["outcome"],
)
STORE_UP = Gauge(f"{PREFIX}gateway_store_up", "1 if the last reading of the plugin list succeeded")
UNREADABLE = Counter(
    f"{PREFIX}gateway_unreadable_messages_total", "Messages of change that could not be decoded"
)

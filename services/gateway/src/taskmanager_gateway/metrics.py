"""The gateway's metrics."""

from taskmanager.process.metrics import PREFIX, Counter, Gauge, Histogram, begin_at_zero

ANSWER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

STREAM_KINDS = ("events", "log", "pages of a plugin", "pages of all plugins")
SUBMISSION_OUTCOMES = (
    "accepted",
    "replayed",
    "duplicate",
    "body-too-large",
    "broker-unavailable",
    "file-system-slow",
    "forbidden",
    "idempotency-key-reused",
    "invalid-parameters",
    "invalid-request",
    "path-refused",
    "plugin-not-accepting",
    "plugin-unusable",
    "plugins-unknown",
    "store-unavailable",
)
"""The outcomes of submissions to an installed plugin: what became of the job, or the problem."""
UNKNOWN_PLUGIN = "unknown"
"""In place of a plugin's name, for a submission that names none that is installed."""
UNKNOWN_OUTCOMES = ("malformed-body", "unknown-job-type", "unknown-plugin", "unknown-template")
LOST_OUTCOMES = ("sent_again", "given_up")
LOG_IN_FAILURE_KINDS = ("password", "code", "security_key", "oidc", "token", "too_many")

SUBMISSIONS = Counter(
    f"{PREFIX}gateway_submissions_total",
    "Submitted jobs by plugin and outcome (accepted, replayed, duplicate or the problem)",
    ["plugin", "outcome"],
)
COMMANDS = Counter(
    f"{PREFIX}gateway_commands_total",
    "Operators' commands by action and outcome (done, unchanged, pending or the problem)",
    ["action", "outcome"],
)
LOG_INS = Counter(
    f"{PREFIX}gateway_log_ins_total",
    "Log-ins by method and outcome (done, refused, too_many), and log-outs (left)",
    ["way", "outcome"],
)
LOG_IN_FAILURES = Counter(
    f"{PREFIX}login_failures_total",
    "Log-ins and tokens that were refused, by what was wrong; `too_many`: refused without a look",
    ["kind"],
)
FORBIDDEN_REQUESTS = Counter(
    f"{PREFIX}gateway_forbidden_total",
    "Requests refused with 403, by what was missing: a right, access to the plugin, or a CSRF token",
    ["missing"],
)
REQUESTS = Histogram(
    f"{PREFIX}gateway_request_duration_seconds",
    "Time from the request to the end of its response; event streams are not counted",
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
    "Submissions accepted without checking for an earlier one because the database was unavailable",
)
PATH_CHECKS_LATE = Counter(
    f"{PREFIX}gateway_path_checks_late_total", "Path checks that the file system did not answer in time"
)
SUBMISSIONS_LOST = Counter(
    f"{PREFIX}gateway_submissions_lost_total",
    "Accepted submissions that did not reach the store although later ones did, by whether they were resent",
    ["outcome"],
)
STORE_UP = Gauge(
    f"{PREFIX}gateway_store_up", "1 if the last read of the plugin list from the database succeeded"
)
UNREADABLE = Counter(
    f"{PREFIX}gateway_unreadable_messages_total", "Change notifications that could not be decoded"
)


def begin_plugin(name: str) -> None:
    """Let the counters of one plugin begin at 0."""
    begin_at_zero(SUBMISSIONS, [name], SUBMISSION_OUTCOMES)

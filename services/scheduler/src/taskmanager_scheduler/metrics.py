"""The scheduler's metrics."""

from taskmanager.model.control import JobAction
from taskmanager.model.reports import ReportKind
from taskmanager.process.metrics import (
    DURATION_BUCKETS,
    PREFIX,
    TRANSACTION_REASONS,
    TRANSACTION_RETRIES,
    Counter,
    Gauge,
    Histogram,
    begin_at_zero,
    begin_shared,
)

DEAD_LETTER_REASONS = ("unreadable", "not believed", "defect")
EFFECTS = ("answer", "change", "declare", "defect", "notice", "orders", "result", "store", "ticket")
OPERATION_OUTCOMES = ("done", "unchanged", "refused")
REPORT_OUTCOMES = ("delivered", "failed", "given_up")

MESSAGES = Counter(f"{PREFIX}inbox_messages_total", "Messages processed from the inbox")
SCHEDULER_ACTIVE = Gauge(
    f"{PREFIX}scheduler_active",
    "1 while this scheduler is the active one: the one that reads the inbox of partition 0",
)
INBOX_ACTIVE = Gauge(
    f"{PREFIX}inbox_active", "1 while this scheduler is the one that reads the inbox", ["partition"]
)
INBOX_DEPTH = Gauge(
    f"{PREFIX}inbox_depth", "Messages in the inboxes this scheduler reads that are not processed yet"
)
INBOX_OLDEST = Gauge(
    f"{PREFIX}inbox_oldest_seconds",
    "Age of the oldest message in the inboxes this scheduler reads, by the sender's clock in whole seconds",
)
GROUPS = Histogram(
    f"{PREFIX}inbox_group_messages", "Messages stored in one transaction", buckets=(1, 5, 20, 50, 100, 200)
)
COMMITS = Histogram(
    f"{PREFIX}commit_seconds",
    "Time from reading what a group of messages needs to its commit",
    buckets=(0.005, 0.01, 0.025, 0.1, 0.5, 2, 10),
)
DEAD_LETTERS = Counter(
    f"{PREFIX}dead_letters_total", "Inbox messages moved to the dead-letter queue", ["reason"]
)
DEAD_LETTERS_WAITING = Gauge(f"{PREFIX}dead_letters_waiting", "Messages in the dead-letter queue")
QUEUES_IN_DANGER = Gauge(
    f"{PREFIX}queue_in_danger",
    "1 while a RabbitMQ setting can remove messages from this queue, or has done so, by policy key",
    ["queue", "cause"],
)
EFFECTS_FAILED = Counter(
    f"{PREFIX}effects_failed_total",
    "Effects that failed and are left to the sweeper or to a repeated request",
    ["effect"],
)
SUBMITTED = Counter(f"{PREFIX}jobs_submitted_total", "Jobs stored", ["plugin"])
FINISHED = Counter(f"{PREFIX}jobs_finished_total", "Jobs that ended, by outcome", ["plugin", "outcome"])
QUEUE_WAIT = Histogram(
    f"{PREFIX}job_queue_wait_seconds", "Time from queueing to grant", ["plugin"], buckets=DURATION_BUCKETS
)
JOB_DURATION = Histogram(
    f"{PREFIX}job_duration_seconds", "Time from grant to end", ["plugin", "outcome"], buckets=DURATION_BUCKETS
)
TIME_TO_START = Histogram(
    f"{PREFIX}job_time_to_start_seconds",
    "Time from the first submission of a job to its first start",
    ["plugin"],
    buckets=DURATION_BUCKETS,
)
JOB_ATTEMPTS = Histogram(
    f"{PREFIX}job_attempts",
    "Attempts that a job had when it ended",
    ["plugin"],
    buckets=(0, 1, 2, 3, 5, 10, 20),
)
JOB_ERRORS = Counter(
    f"{PREFIX}job_errors_total",
    "Errors of attempts, whether the job was then tried again or ended",
    ["plugin", "kind"],
)
CANCEL_SECONDS = Histogram(
    f"{PREFIX}cancel_seconds",
    "Time from an operator's cancel of a job until nothing of it runs any more",
    ["plugin"],
    buckets=DURATION_BUCKETS,
)
LEASES_EXPIRED = Counter(
    f"{PREFIX}lease_expired_total", "Leases that expired for lack of a heartbeat", ["plugin"]
)
TICKETS_REMADE = Counter(f"{PREFIX}tickets_remade_total", "Tickets published again", ["plugin", "reason"])
OPERATION_JOBS = Counter(
    f"{PREFIX}operation_jobs_total",
    "Jobs processed by operations, by action and outcome (done, unchanged or refused)",
    ["action", "outcome"],
)
OPERATION_PAGES = Histogram(
    f"{PREFIX}operation_page_seconds",
    "Time from reading pages of an operation to their commit, including the tickets of those before",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
OPERATIONS_OPEN = Gauge(f"{PREFIX}operations_open", "Operations with work left to do")
JOBS = Gauge(f"{PREFIX}jobs", "Jobs by status, from the statistics", ["plugin", "status"])
QUEUE_OLDEST = Gauge(
    f"{PREFIX}queue_oldest_seconds",
    "How long the longest waiting job of a plugin has been queued; 0 if none waits",
    ["plugin"],
)
QUEUE_WAITING = Gauge(
    f"{PREFIX}queue_waiting_jobs", "Jobs that wait, by what keeps them from starting", ["plugin", "reason"]
)
RUNNERS = Gauge(f"{PREFIX}runners", "Runners that are known, by whether they take jobs", ["plugin", "state"])
PLUGIN_SLOTS = Gauge(
    f"{PREFIX}plugin_slots",
    "Slots of all runners that take jobs",
    ["plugin", "state"],
)
QUEUE_REACHABLE = Gauge(
    f"{PREFIX}plugin_queue_reachable", "1 while the queue of a plugin's tickets answers", ["plugin"]
)
PAUSED = Gauge(f"{PREFIX}plugin_paused", "1 while a plugin is stopped", ["plugin"])
REPLICAS = Gauge(
    f"{PREFIX}plugin_replicas",
    "Runners kept by orchestrators, at all places: wanted, running, starting, draining, stopping or failing",
    ["plugin", "state"],
)
GOOBI_REPORTS = Counter(
    f"{PREFIX}goobi_reports_total",
    "Attempts to deliver reports to Goobi, by installation, kind and outcome",
    ["installation", "kind", "outcome"],
)
GOOBI_LAG = Histogram(
    f"{PREFIX}goobi_report_lag_seconds",
    "Time from the making of a report to its delivery",
    ["installation", "kind"],
    buckets=DURATION_BUCKETS,
)
GOOBI_BACKLOG = Gauge(
    f"{PREFIX}goobi_undelivered_reports",
    "Reports not delivered to Goobi, counted up to 10,000",
    ["installation", "state"],
)
GOOBI_OLDEST = Gauge(
    f"{PREFIX}goobi_oldest_report_seconds", "Age of the oldest pending report", ["installation"]
)
NOTIFICATIONS = Counter(
    f"{PREFIX}notifications_total", "Attempts to send notifications, by outcome", ["outcome"]
)
NOTIFICATION_OUTCOMES = ("delivered", "failed", "given_up")


def begin() -> None:
    """Let the counters begin at 0; those of a plugin or an installation begin when it becomes known."""
    begin_shared(("notifications", "operations", "rabbitmq", "reports", "store"), database=True)
    begin_at_zero(TRANSACTION_RETRIES, TRANSACTION_REASONS)
    begin_at_zero(DEAD_LETTERS, DEAD_LETTER_REASONS)
    begin_at_zero(EFFECTS_FAILED, EFFECTS)
    begin_at_zero(NOTIFICATIONS, NOTIFICATION_OUTCOMES)
    begin_at_zero(OPERATION_JOBS, JobAction, OPERATION_OUTCOMES)


def begin_installation(name: str) -> None:
    """Let the counters of one Goobi installation begin at 0."""
    begin_at_zero(GOOBI_REPORTS, [name], ReportKind, REPORT_OUTCOMES)
    begin_at_zero(GOOBI_LAG, [name], ReportKind)

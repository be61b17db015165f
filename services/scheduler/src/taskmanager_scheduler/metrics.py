"""The scheduler's metrics."""

from taskmanager.process.metrics import DURATION_BUCKETS, PREFIX, Counter, Gauge, Histogram

MESSAGES = Counter(f"{PREFIX}inbox_messages_total", "Messages processed from the inbox")
INBOX_ACTIVE = Gauge(
    f"{PREFIX}inbox_active", "1 while this scheduler is the one that reads the inbox", ["partition"]
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
GOOBI_BACKLOG = Gauge(
    f"{PREFIX}goobi_undelivered_reports",
    "Reports not delivered to Goobi, counted up to 10,000",
    ["installation", "state"],
)
GOOBI_OLDEST = Gauge(
    f"{PREFIX}goobi_oldest_report_seconds", "Age of the oldest pending report", ["installation"]
)

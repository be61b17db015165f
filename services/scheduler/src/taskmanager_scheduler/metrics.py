"""The scheduler's metrics."""

from taskmanager.process.metrics import DURATION_BUCKETS, PREFIX, Counter, Gauge, Histogram

MESSAGES = Counter(f"{PREFIX}inbox_messages_total", "Messages taken from the inbox")
GROUPS = Histogram(
    f"{PREFIX}inbox_group_messages", "Messages stored in one transaction", buckets=(1, 5, 20, 50, 100, 200)
)
COMMITS = Histogram(
    f"{PREFIX}commit_seconds",
    "From reading what a group needs to its commit",
    buckets=(0.005, 0.01, 0.025, 0.1, 0.5, 2, 10),
)
DEAD_LETTERS = Counter(f"{PREFIX}dead_letters_total", "Inbox messages nobody could use", ["reason"])
DEAD_LETTERS_WAITING = Gauge(f"{PREFIX}dead_letters_waiting", "Messages in the queue of dead letters")
QUEUES_IN_DANGER = Gauge(
    f"{PREFIX}queue_in_danger",
    "1 while a setting of RabbitMQ can take messages out of this queue, or has, by the key of the policy",
    ["queue", "cause"],
)
EFFECTS_FAILED = Counter(
    f"{PREFIX}effects_failed_total", "Effects left to the sweeper or to a repeated question", ["effect"]
)
SUBMITTED = Counter(f"{PREFIX}jobs_submitted_total", "Jobs stored", ["plugin"])
FINISHED = Counter(f"{PREFIX}jobs_finished_total", "Jobs that reached an end", ["plugin", "outcome"])
QUEUE_WAIT = Histogram(
    f"{PREFIX}job_queue_wait_seconds", "From queueing to grant", ["plugin"], buckets=DURATION_BUCKETS
)
JOB_DURATION = Histogram(
    f"{PREFIX}job_duration_seconds", "From grant to end", ["plugin", "outcome"], buckets=DURATION_BUCKETS
)
LEASES_EXPIRED = Counter(f"{PREFIX}lease_expired_total", "Leases that ended without a heartbeat", ["plugin"])
TICKETS_REMADE = Counter(f"{PREFIX}tickets_remade_total", "Tickets published again", ["plugin", "reason"])
OPERATION_JOBS = Counter(
    f"{PREFIX}operation_jobs_total",
    "Jobs operations have been through, by action and whether they were done, unchanged or refused",
    ["action", "outcome"],
)
OPERATION_PAGES = Histogram(
    f"{PREFIX}operation_page_seconds",
    "From reading a page of an operation to its commit, and the tickets of the page before",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
OPERATIONS_OPEN = Gauge(f"{PREFIX}operations_open", "Operations a scheduler has something left to do for")
JOBS = Gauge(f"{PREFIX}jobs", "Jobs by status, from the statistics", ["plugin", "status"])
PAUSED = Gauge(f"{PREFIX}plugin_paused", "1 while a plugin is stopped", ["plugin"])
GOOBI_REPORTS = Counter(
    f"{PREFIX}goobi_reports_total",
    "Tries to tell Goobi something, by installation, kind and whether it was delivered, failed or given up",
    ["installation", "kind", "outcome"],
)
GOOBI_BACKLOG = Gauge(
    f"{PREFIX}goobi_undelivered_reports",
    "Reports Goobi does not have, up to 10,000",
    ["installation", "state"],
)
GOOBI_OLDEST = Gauge(
    f"{PREFIX}goobi_oldest_report_seconds", "Age of the oldest report that is pending", ["installation"]
)

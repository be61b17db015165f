"""The runner's metrics."""

from functools import cache

from taskmanager.process.metrics import DURATION_BUCKETS, PREFIX, Counter, Gauge, Histogram

SLOTS = Gauge(f"{PREFIX}runner_slots", "Slots whose process is idle or running a job", ["plugin"])
BUSY = Gauge(f"{PREFIX}runner_busy_slots", "Slots running a job", ["plugin"])
DRAINING = Gauge(
    f"{PREFIX}runner_draining", "1 while the runner is drained by an operator and takes no jobs", ["plugin"]
)
TRANSFERS_WAITING = Gauge(f"{PREFIX}runner_transfers_waiting", "Jobs waiting for a transfer", ["plugin"])
SLOT_DEATHS = Counter(
    f"{PREFIX}runner_slot_deaths_total", "Slot processes that ended unexpectedly", ["plugin"]
)
TICKETS_DROPPED = Counter(
    f"{PREFIX}runner_tickets_dropped_total",
    "Dropped tickets: unreadable, or for a job unknown to the scheduler",
    ["plugin", "reason"],
)
CLAIMS_RETURNED = Counter(
    f"{PREFIX}runner_claims_returned_total",
    "Jobs that were claimed ahead and returned because no slot could begin them soon",
    ["plugin"],
)
JOBS = Counter(f"{PREFIX}runner_jobs_total", "Attempts that ended, by outcome", ["plugin", "outcome"])
JOB_SECONDS = Histogram(
    f"{PREFIX}runner_job_duration_seconds",
    "Time from the grant to the end of an attempt",
    ["plugin", "outcome"],
    buckets=DURATION_BUCKETS,
)


@cache
def of_outcome(plugin: str, outcome: str) -> tuple[Counter, Histogram]:
    """The two metrics of attempts that end so: looked up once, since short jobs end often."""
    return JOBS.labels(plugin, outcome), JOB_SECONDS.labels(plugin, outcome)

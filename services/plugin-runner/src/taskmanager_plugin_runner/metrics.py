"""The runner's metrics."""

from taskmanager.process.metrics import DURATION_BUCKETS, PREFIX, Counter, Gauge, Histogram

SLOTS = Gauge(f"{PREFIX}runner_slots", "Slots whose process is ready for jobs or at work", ["plugin"])
BUSY = Gauge(f"{PREFIX}runner_busy_slots", "Slots at work on a job", ["plugin"])
DRAINING = Gauge(f"{PREFIX}runner_draining", "1 while an operator has the runner take no jobs", ["plugin"])
TRANSFERS_WAITING = Gauge(f"{PREFIX}runner_transfers_waiting", "Jobs that wait for a transfer", ["plugin"])
SLOT_DEATHS = Counter(f"{PREFIX}runner_slot_deaths_total", "Slot processes that ended unasked", ["plugin"])
TICKETS_DROPPED = Counter(
    f"{PREFIX}runner_tickets_dropped_total",
    "Tickets that nothing could come of: unreadable, or of a job the scheduler does not know",
    ["plugin", "reason"],
)
JOBS = Counter(f"{PREFIX}runner_jobs_total", "Attempts that ended, by outcome", ["plugin", "outcome"])
JOB_SECONDS = Histogram(
    f"{PREFIX}runner_job_duration_seconds",
    "From the grant to the end of an attempt",
    ["plugin", "outcome"],
    buckets=DURATION_BUCKETS,
)

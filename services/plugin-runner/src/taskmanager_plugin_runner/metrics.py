"""The runner's metrics."""

from collections.abc import Iterable
from functools import cache

from taskmanager.model.states import Status
from taskmanager.process.metrics import (
    DURATION_BUCKETS,
    PREFIX,
    Counter,
    Gauge,
    Histogram,
    begin_at_zero,
    begin_shared,
)
from taskmanager.process.tracing import exemplar

DROPPED_REASONS = ("unreadable", "unknown")
PHASES = (
    Status.WAITINGFORUPLOAD.value,
    Status.UPLOAD.value,
    Status.PROCESSING.value,
    Status.DOWNLOAD.value,
)
DIRECTIONS = ("in", "out")

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
CLAIM_GRANT = Histogram(
    f"{PREFIX}claim_grant_seconds",
    "Time from the first claim of a job to its grant",
    buckets=(*(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25), *(0.5, 1, 2.5, 5, 15, 60)),
)
PHASE_SECONDS = Histogram(
    f"{PREFIX}job_phase_seconds",
    "Time that the phases of attempts took; waiting for a place or for the commit fence is in none of them",
    ["plugin", "phase"],
    buckets=DURATION_BUCKETS,
)
FILES = Counter(
    f"{PREFIX}processed_files_total",
    "Files that were brought as input, and results of finished jobs",
    ["plugin", "direction"],
)
BYTES = Counter(
    f"{PREFIX}processed_bytes_total",
    "Bytes that were brought as input, and bytes of the results of finished jobs",
    ["plugin", "direction"],
)
CPU_SECONDS = Counter(
    f"{PREFIX}job_cpu_seconds_total",
    "Processor time of jobs, of all phases and processes; without that of processes that were killed",
    ["plugin"],
)
PEAK_MEMORY = Histogram(
    f"{PREFIX}job_peak_memory_bytes",
    "The most memory the processes of an attempt used at a time, looked at twice a second while it works",
    ["plugin"],
    buckets=tuple(2.0**power for power in range(25, 39)),
)
WORKSPACE_FREE = Gauge(
    f"{PREFIX}workspace_free_bytes", "Free space of the file system the workspace is on", ["plugin"]
)


@cache
def of_outcome(plugin: str, outcome: str) -> tuple[Counter, Histogram]:
    """The two metrics of attempts that end so: looked up once, since short jobs end often."""
    return JOBS.labels(plugin, outcome), JOB_SECONDS.labels(plugin, outcome)


class JobMetrics:
    """The series of the jobs of one plugin, looked up once."""

    def __init__(self, plugin: str) -> None:
        """The series of this plugin."""
        self._phases = {phase: PHASE_SECONDS.labels(plugin, phase) for phase in PHASES}
        self._moved = {way: (FILES.labels(plugin, way), BYTES.labels(plugin, way)) for way in DIRECTIONS}
        self._cpu, self._peak = CPU_SECONDS.labels(plugin), PEAK_MEMORY.labels(plugin)

    def phase_over(self, phase: Status, seconds: float, traceparent: str | None = None) -> None:
        """An attempt has spent so long in this phase; `traceparent` is that of its job, if it has one."""
        self._phases[phase.value].observe(seconds, exemplar(traceparent))

    def used(self, cpu_seconds: float) -> None:
        """A step of an attempt took so much processor time."""
        self._cpu.inc(cpu_seconds)

    def brought(self, files: int, size: int) -> None:
        """The input of an attempt was brought: so many files and bytes."""
        self._count("in", files, size)

    def finished(self, files: int, size: int) -> None:
        """A job is done, with so many files and bytes as its results."""
        self._count("out", files, size)

    def _count(self, way: str, files: int, size: int) -> None:
        of_files, of_bytes = self._moved[way]
        of_files.inc(files)
        of_bytes.inc(size)

    def over(self, peak_bytes: int) -> None:
        """An attempt is over; `peak_bytes` is 0 if it was too short for its memory to be looked at."""
        if peak_bytes:
            self._peak.observe(peak_bytes)


@cache
def job_metrics(plugin: str) -> JobMetrics:
    """The series of the plugin's jobs."""
    return JobMetrics(plugin)


def begin(plugin: str, outcomes: Iterable[str]) -> None:
    """Let the counters of a runner begin at 0; `outcomes` are those of attempts."""
    begin_shared(("events", "goobi_files", "rabbitmq", "slot"))
    for metric in (SLOT_DEATHS, CLAIMS_RETURNED, CPU_SECONDS, PEAK_MEMORY):
        begin_at_zero(metric, [plugin])
    begin_at_zero(TICKETS_DROPPED, [plugin], DROPPED_REASONS)
    begin_at_zero(PHASE_SECONDS, [plugin], PHASES)
    for metric in (FILES, BYTES):
        begin_at_zero(metric, [plugin], DIRECTIONS)
    for outcome in outcomes:
        of_outcome(plugin, outcome)

"""One plugin, or some: what its jobs wait for, how they end, and what they cost."""

from deploy.grafana.frame import Scope, choice, framed
from deploy.grafana.panels import (
    BYTES,
    BYTES_PER_SECOND,
    COUNT,
    HALF,
    PER_MINUTE,
    SECONDS,
    Panel,
    Query,
    chart,
    per_minute,
    per_second,
    quantiles,
)
from grafana_foundation_sdk.models.dashboard import Dashboard

THESE = 'plugin=~"$plugin"'
HERE = f'{THESE}, instance=~"$instance"'
ATTEMPTS = "taskmanager_job_attempts"


def dashboard() -> Dashboard:
    """Where to look when the jobs of a plugin are slow or fail."""
    return framed(
        "plugin",
        "Plugin",
        "The jobs of the chosen plugins: what they wait for, how they end, what they cost.",
        Scope(
            instances=f"taskmanager_runner_slots{{{THESE}}}",
            choices=[choice("plugin", "Plugin", "label_values(taskmanager_jobs, plugin)", several=False)],
            page="/plugins/${plugin}",
        ),
        [("Waiting", _waiting()), ("Ended", _ended()), ("Time", _time()), ("Work", _work())],
    )


def _waiting() -> list[Panel]:
    return [
        chart(
            "Jobs waiting, by reason",
            "What keeps the waiting jobs from starting; `its_turn` starts next.",
            COUNT,
            Query(
                f"max by (plugin, reason) (taskmanager_queue_waiting_jobs{{{THESE}}})",
                "{{plugin}} {{reason}}",
            ),
            stacked=True,
        ),
        chart(
            "Oldest waiting job",
            "How long the longest waiting job has been queued.",
            SECONDS,
            Query(f"max by (plugin) (taskmanager_queue_oldest_seconds{{{THESE}}})", "{{plugin}}"),
        ),
        chart(
            "Slots",
            "Slots of the runners that take jobs, on all machines together.",
            COUNT,
            Query(f"max by (plugin, state) (taskmanager_plugin_slots{{{THESE}}})", "{{plugin}} {{state}}"),
            stacked=True,
        ),
    ]


def _ended() -> list[Panel]:
    return [
        chart(
            "Jobs a minute, by outcome",
            "Jobs that ended.",
            PER_MINUTE,
            per_minute("taskmanager_jobs_finished_total", THESE, "outcome"),
        ),
        chart(
            "Errors a minute, by kind",
            "Errors of attempts, whether the job was then tried again or ended.",
            PER_MINUTE,
            per_minute("taskmanager_job_errors_total", THESE, "kind"),
        ),
        chart(
            "Attempts a job needs",
            "Attempts that jobs had when they ended: the average. Above 1, jobs are tried again.",
            COUNT,
            Query(
                f"sum by (plugin) (rate({ATTEMPTS}_sum{{{THESE}}}[$__rate_interval]))"
                f" / (sum by (plugin) (rate({ATTEMPTS}_count{{{THESE}}}[$__rate_interval])) > 0)",
                "{{plugin}}",
            ),
        ),
        chart(
            "Leases that expired, tickets made again",
            "In an hour. The first: a runner fell silent. The second: RabbitMQ lost something.",
            COUNT,
            Query(
                f"sum by (plugin) (increase(taskmanager_lease_expired_total{{{THESE}}}[1h]))",
                "{{plugin}} leases",
            ),
            Query(
                f"sum by (plugin) (increase(taskmanager_tickets_remade_total{{{THESE}}}[1h]))",
                "{{plugin}} tickets",
            ),
            width=HALF,
        ),
        chart(
            "Cancel to the end",
            "Time from an operator's cancel until nothing of the job runs any more, over half an hour.",
            SECONDS,
            Query(
                "histogram_quantile(0.95, sum by (le, plugin)"
                f" (rate(taskmanager_cancel_seconds_bucket{{{THESE}}}[30m])))",
                "{{plugin}} 95%",
            ),
            width=HALF,
        ),
    ]


def _time() -> list[Panel]:
    return [
        chart(
            "Submission to start",
            "Time from the first submission of a job to its first start.",
            SECONDS,
            *quantiles("taskmanager_job_time_to_start_seconds", THESE, 0.5, 0.95),
        ),
        chart(
            "Grant to end",
            "Time from the grant to the end of a job that is done.",
            SECONDS,
            *quantiles("taskmanager_job_duration_seconds", f'outcome="done", {THESE}', 0.5, 0.95),
        ),
        chart(
            "Phases",
            "Time of each phase of an attempt: input, the plugin's work, results. 95 of 100 are below.",
            SECONDS,
            *quantiles("taskmanager_job_phase_seconds", HERE, 0.95, by=["phase"]),
        ),
    ]


def _work() -> list[Panel]:
    return [
        chart(
            "Files a second",
            "Files brought as input, and results of finished jobs.",
            COUNT,
            per_second("taskmanager_processed_files_total", HERE, "plugin", "direction"),
        ),
        chart(
            "Bytes a second",
            "Of these files.",
            BYTES_PER_SECOND,
            per_second("taskmanager_processed_bytes_total", HERE, "plugin", "direction"),
        ),
        chart(
            "Processors that are busy",
            "Processor time of the jobs in each second: 2 are two busy processors.",
            COUNT,
            per_second("taskmanager_job_cpu_seconds_total", HERE, "plugin"),
        ),
        chart(
            "Peak memory of an attempt",
            "The most memory that the processes of an attempt used at a time.",
            BYTES,
            *quantiles("taskmanager_job_peak_memory_bytes", HERE, 0.5, 0.95, by=["plugin"]),
            width=HALF,
        ),
        chart(
            "Free space of the workspaces",
            "Of the file system that each runner's workspace is on.",
            BYTES,
            Query(
                f"min by (plugin, instance) (taskmanager_workspace_free_bytes{{{HERE}}})",
                "{{plugin}} {{instance}}",
            ),
            width=HALF,
        ),
    ]

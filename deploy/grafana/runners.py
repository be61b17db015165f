"""The runners: which there are, whether they take jobs, and what they are busy with."""

from deploy.grafana.frame import Scope, choice, framed
from deploy.grafana.panels import (
    BYTES,
    COUNT,
    PER_MINUTE,
    SECONDS,
    Alarm,
    Panel,
    Query,
    chart,
    figure,
    leading_to,
    per_minute,
    per_second,
    quantiles,
)
from grafana_foundation_sdk.models.dashboard import Dashboard

THESE = 'plugin=~"$plugin"'
HERE = f'{THESE}, instance=~"$instance"'
PROCESS = 'job="taskmanager-runner", instance=~"$instance"'


def dashboard() -> Dashboard:
    """Where to look when runners are missing, drained, or too slow."""
    return framed(
        "runners",
        "Runners",
        "The runners of the chosen plugins, and the processes that their slots are.",
        Scope(
            instances=f"taskmanager_runner_slots{{{THESE}}}",
            choices=[choice("plugin", "Plugin", "label_values(taskmanager_runner_slots, plugin)")],
            page="/runners",
        ),
        [
            ("Now", _now()),
            ("Slots of each runner", _slots()),
            ("Attempts", _attempts()),
            ("Processes", _processes()),
        ],
    )


def _now() -> list[Panel]:
    return [
        leading_to(figure(title, text, unit, query, alarm), "Runners", "/runners")
        for title, text, unit, query, alarm in (
            (
                "Working",
                "Runners that are alive and take jobs, according to the scheduler.",
                COUNT,
                Query(f'sum(taskmanager_runners{{state="working", {THESE}}})', "working"),
                Alarm(1, below=True),
            ),
            (
                "Drained",
                "Runners that are alive and take no jobs because an operator wants it so.",
                COUNT,
                Query(f'sum(taskmanager_runners{{state="drained", {THESE}}})', "drained"),
                None,
            ),
            (
                "Lost",
                "Runners that have not sent a heartbeat lately.",
                COUNT,
                Query(f'sum(taskmanager_runners{{state="lost", {THESE}}})', "lost"),
                Alarm(1),
            ),
            (
                "Slots",
                "Slots whose process is idle or runs a job.",
                COUNT,
                Query(f"sum(taskmanager_runner_slots{{{HERE}}})", "slots"),
                Alarm(1, below=True),
            ),
            (
                "Busy slots",
                "Slots that run a job.",
                COUNT,
                Query(f"sum(taskmanager_runner_busy_slots{{{HERE}}})", "busy"),
                None,
            ),
            (
                "Least free space",
                "Of the file systems that workspaces are on.",
                BYTES,
                Query(f"min(taskmanager_workspace_free_bytes{{{HERE}}})", "free"),
                Alarm(5e9, below=True),
            ),
        )
    ]


def _slots() -> list[Panel]:
    each = "{{plugin}} {{instance}}"
    return [
        chart(
            "Busy slots of each runner",
            "Slots that run a job.",
            COUNT,
            Query(f"taskmanager_runner_busy_slots{{{HERE}}}", each),
        ),
        chart(
            "Drained runners",
            "1 while the runner takes no jobs because an operator wants it so.",
            COUNT,
            Query(f"taskmanager_runner_draining{{{HERE}}}", each),
        ),
        chart(
            "Jobs that wait for a transfer",
            "They have a slot, but too many others are moving files at the moment.",
            COUNT,
            Query(f"taskmanager_runner_transfers_waiting{{{HERE}}}", each),
        ),
    ]


def _attempts() -> list[Panel]:
    return [
        chart(
            "Attempts a minute, by outcome",
            "Attempts that ended.",
            PER_MINUTE,
            per_minute("taskmanager_runner_jobs_total", HERE, "outcome"),
        ),
        chart(
            "Grant to the end of an attempt",
            "By plugin; 95 of 100 are below.",
            SECONDS,
            *quantiles("taskmanager_runner_job_duration_seconds", HERE, 0.95, by=["plugin"]),
        ),
        chart(
            "Claim to grant",
            "How long a runner waits for the scheduler's answer that it may start a job.",
            SECONDS,
            *quantiles("taskmanager_claim_grant_seconds", 'instance=~"$instance"', 0.5, 0.95),
        ),
        chart(
            "Idle slots that died",
            "In an hour: processes that ended without a job. Those a job kills are crashed attempts.",
            COUNT,
            Query(
                f"sum by (plugin) (increase(taskmanager_runner_slot_deaths_total{{{HERE}}}[1h]))",
                "{{plugin}}",
            ),
        ),
        chart(
            "Claims returned",
            "Jobs claimed ahead that no slot could begin soon, in a minute; they keep their place.",
            PER_MINUTE,
            per_minute("taskmanager_runner_claims_returned_total", HERE, "plugin"),
        ),
        chart(
            "Tickets dropped",
            "In an hour: tickets that could not be read, or of jobs that the database does not know.",
            COUNT,
            Query(
                f"sum by (plugin) (increase(taskmanager_runner_tickets_dropped_total{{{HERE}}}[1h]))",
                "{{plugin}}",
            ),
        ),
    ]


def _processes() -> list[Panel]:
    return [
        chart(
            "Processor time of the runners",
            "Of the runner itself, without its slots: 1 is a busy processor.",
            COUNT,
            per_second("process_cpu_seconds_total", PROCESS, "instance"),
        ),
        chart(
            "Memory of the runners",
            "Of the runner itself, without its slots.",
            BYTES,
            Query(f"process_resident_memory_bytes{{{PROCESS}}}", "{{instance}}"),
        ),
        chart(
            "Connections to RabbitMQ",
            "1 while the connection is open.",
            COUNT,
            Query(f"min by (instance) (taskmanager_broker_connected{{{PROCESS}}})", "{{instance}}"),
        ),
    ]

"""What Goobi is told: what waits, how late it is, what was given up."""

from deploy.grafana.frame import Scope, choice, framed
from deploy.grafana.panels import (
    COUNT,
    HALF,
    PER_MINUTE,
    SECONDS,
    SHARE,
    Alarm,
    Panel,
    Query,
    chart,
    figure,
    leading_to,
    per_minute,
    quantiles,
)
from grafana_foundation_sdk.models.dashboard import Dashboard

THESE = 'installation=~"$installation", instance=~"$instance"'
BACKLOG = "taskmanager_goobi_undelivered_reports"
LAG = "taskmanager_goobi_report_lag_seconds"


def dashboard() -> Dashboard:
    """Where to look when steps in Goobi stay open."""
    return framed(
        "goobi",
        "Goobi",
        "The reports to the chosen Goobi installations: entries in logs, closed steps, callbacks.",
        Scope(
            instances="taskmanager_scheduler_active",
            choices=[choice("installation", "Installation", f"label_values({BACKLOG}, installation)")],
            page="/reports",
        ),
        [("Now", _now()), ("Deliveries", _deliveries())],
    )


def _now() -> list[Panel]:
    return [
        leading_to(
            figure(
                "Reports waiting",
                "Not accepted by Goobi yet; they are tried again.",
                COUNT,
                Query(
                    f'sum(max by (installation) ({BACKLOG}{{state="pending", {THESE}}}))',
                    "pending",
                ),
            ),
            "Reports",
            "/reports",
        ),
        leading_to(
            figure(
                "Reports given up",
                "Nobody tries them again until somebody replays them.",
                COUNT,
                Query(
                    f'sum(max by (installation) ({BACKLOG}{{state="given_up", {THESE}}}))',
                    "given up",
                ),
                Alarm(1),
            ),
            "Reports",
            "/reports",
        ),
        figure(
            "Oldest report",
            "Age of the oldest report that waits.",
            SECONDS,
            Query(f"max(taskmanager_goobi_oldest_report_seconds{{{THESE}}})", "oldest"),
            Alarm(900),
        ),
        figure(
            "Within five minutes",
            "Share of the reports of the last hour that were accepted within five minutes of their making.",
            SHARE,
            Query(
                f'sum(increase({LAG}_bucket{{le=~"300|300[.]0", {THESE}}}[1h]))'
                f" / (sum(increase({LAG}_count{{{THESE}}}[1h])) > 0)",
                "in time",
            ),
            Alarm(0.99, below=True),
        ),
    ]


def _deliveries() -> list[Panel]:
    return [
        chart(
            "Deliveries a minute, by outcome",
            "Attempts to deliver.",
            PER_MINUTE,
            per_minute("taskmanager_goobi_reports_total", THESE, "installation", "outcome"),
        ),
        chart(
            "Delivered a minute, by kind",
            "Entries in logs, closed and failed steps, callbacks, messages.",
            PER_MINUTE,
            per_minute("taskmanager_goobi_reports_total", f'outcome="delivered", {THESE}', "kind"),
        ),
        chart(
            "Making to acceptance",
            "How long reports took; half of them, and 95 of 100.",
            SECONDS,
            *quantiles(LAG, THESE, 0.5, 0.95),
        ),
        chart(
            "Reports not delivered",
            "By installation: those that wait, and those that were given up.",
            COUNT,
            Query(
                f"max by (installation, state) ({BACKLOG}{{{THESE}}})",
                "{{installation}} {{state}}",
            ),
            width=HALF,
        ),
        chart(
            "Age of the oldest report",
            "By installation; a line that rises steadily is a Goobi that takes nothing.",
            SECONDS,
            Query(
                f"max by (installation) (taskmanager_goobi_oldest_report_seconds{{{THESE}}})",
                "{{installation}}",
            ),
            width=HALF,
        ),
    ]

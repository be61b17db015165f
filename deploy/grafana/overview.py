"""Does everything run, what waits, what fails, and how long do jobs take to start?"""

from deploy.grafana.frame import Scope, framed
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

HERE = 'instance=~"$instance"'
PLUGIN_PAGE = "/plugins/${__field.labels.plugin}"


def dashboard() -> Dashboard:
    """The first one to look at."""
    return framed(
        "overview",
        "Overview",
        "The state of the whole system. What is red here has an alert, and a paragraph in the runbooks.",
        Scope(instances='up{job=~"taskmanager-.+"}'),
        [("Now", _now()), ("Jobs", _jobs()), ("Plugins", _plugins())],
    )


def _now() -> list[Panel]:
    return [
        figure(
            "Alerts that fire",
            "Alerts of the TaskManager that are firing in Prometheus.",
            COUNT,
            Query('count(ALERTS{alertname=~"TaskManager.+", alertstate="firing"}) or vector(0)', "alerts"),
            Alarm(1),
        ),
        figure(
            "Processes missing",
            "Gateways, schedulers and runners that Prometheus knows and that do not answer.",
            COUNT,
            Query(f'count(up{{job=~"taskmanager-.+", {HERE}}} == 0) or vector(0)', "missing"),
            Alarm(1),
        ),
        figure(
            "Active scheduler",
            "Schedulers that store what happens: one, whatever the number of those that stand by.",
            COUNT,
            Query("sum(taskmanager_scheduler_active)", "active"),
            Alarm(1, below=True),
        ),
        leading_to(
            figure(
                "Jobs waiting",
                "Jobs of all plugins that wait for their turn.",
                COUNT,
                Query('sum(taskmanager_jobs{status="STARTED"})', "waiting"),
            ),
            "Plugins",
            "/",
        ),
        figure(
            "Jobs running",
            "Jobs of all plugins that a runner works on, including those that move files.",
            COUNT,
            Query('sum(taskmanager_jobs{status=~"WAITINGFORUPLOAD|UPLOAD|PROCESSING|DOWNLOAD"})', "running"),
        ),
        figure(
            "Smallest budget left",
            "How much is left of the errors that the service levels allow in 30 days; below 0 it is used up.",
            SHARE,
            Query("min(taskmanager:level_budget_left:ratio30d)", "left"),
            Alarm(0, below=True),
        ),
    ]


def _jobs() -> list[Panel]:
    return [
        chart(
            "Jobs in the queue, by status",
            "All jobs that have not ended, over all plugins.",
            COUNT,
            Query('sum by (status) (taskmanager_jobs{status!~"DONE|ERROR|CANCELLED"})', "{{status}}"),
            stacked=True,
        ),
        chart(
            "Jobs a minute",
            "Jobs stored, and jobs that ended, by outcome.",
            PER_MINUTE,
            per_minute("taskmanager_jobs_submitted_total", HERE, rest="submitted"),
            per_minute("taskmanager_jobs_finished_total", HERE, "outcome"),
        ),
        chart(
            "Submission to start",
            "Time from the first submission of a job to its first start: half of the jobs, and 95 of 100.",
            SECONDS,
            *quantiles("taskmanager_job_time_to_start_seconds", HERE, 0.5, 0.95),
        ),
    ]


def _plugins() -> list[Panel]:
    return [
        leading_to(
            chart(
                "Jobs waiting, by plugin",
                "Click on a line for the plugin's page.",
                COUNT,
                Query('max by (plugin) (taskmanager_jobs{status="STARTED"})', "{{plugin}}"),
            ),
            "The page of ${__field.labels.plugin}",
            PLUGIN_PAGE,
        ),
        leading_to(
            chart(
                "Oldest waiting job",
                "How long the longest waiting job of each plugin has been queued.",
                SECONDS,
                Query("max by (plugin) (taskmanager_queue_oldest_seconds)", "{{plugin}}"),
            ),
            "The page of ${__field.labels.plugin}",
            PLUGIN_PAGE,
        ),
        leading_to(
            chart(
                "Errors a minute",
                "Jobs that ended in an error, by plugin.",
                PER_MINUTE,
                per_minute("taskmanager_jobs_finished_total", f'outcome="error", {HERE}', "plugin"),
            ),
            "The errors of ${__field.labels.plugin}",
            f"{PLUGIN_PAGE}?tab=error",
        ),
        chart(
            "Slots that are busy",
            "Share of the slots of all runners that take jobs. At 100 % for long, more runners would help.",
            SHARE,
            Query(
                'sum by (plugin) (taskmanager_plugin_slots{state="busy"})'
                " / (sum by (plugin) (taskmanager_plugin_slots) > 0)",
                "{{plugin}}",
            ),
            width=HALF,
        ),
        chart(
            "Stopped plugins",
            "1 while an operator, or too many failures in a row, keeps a plugin's jobs from starting.",
            COUNT,
            Query("max by (plugin) (taskmanager_plugin_paused)", "{{plugin}}"),
            width=HALF,
        ),
    ]

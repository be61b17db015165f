"""Service levels: how many events were bad, and how much of the budget for them is left."""

from deploy.grafana.frame import Scope, framed
from deploy.grafana.panels import COUNT, HALF, PER_MINUTE, SHARE, THIRD, Alarm, Panel, Query, chart, figure
from grafana_foundation_sdk.models.dashboard import Dashboard

LEVELS = (
    ("submissions", "Submissions", "Submissions that were answered, and not with an error of the server."),
    ("starts", "Starts", "Jobs that started within five seconds while the plugin had a free slot."),
    ("reports", "Reports", "Reports that Goobi accepted within five minutes."),
)


def dashboard() -> Dashboard:
    """Is the service as good as promised?"""
    return framed(
        "service-levels",
        "Service levels",
        "What is promised, and how much of the errors that it allows in 30 days is used up.",
        Scope(instances='up{job=~"taskmanager-.+"}'),
        [("Budgets", _budgets()), ("Speed", _speed()), ("Events", _events())],
    )


def _budgets() -> list[Panel]:
    left = [
        figure(
            f"{title}: budget left",
            f"{text} 1 is a whole month's budget of errors; below 0 the promise is not kept.",
            SHARE,
            Query(f'taskmanager:level_budget_left:ratio30d{{level="{level}"}}', level),
            Alarm(0, below=True),
            width=THIRD,
        )
        for level, title, text in LEVELS
    ]
    good = [
        figure(
            f"{title}: good of the last hour",
            text,
            SHARE,
            Query(f'1 - taskmanager:level_errors:ratio1h{{level="{level}"}}', level),
            width=THIRD,
        )
        for level, title, text in LEVELS
    ]
    return [*left, *good]


def _speed() -> list[Panel]:
    return [
        chart(
            "Speed, over an hour",
            "How many times faster than allowed the budget is used. At 14.4 it lasts two days.",
            COUNT,
            Query("taskmanager:level_burn:rate1h", "{{level}}"),
            width=HALF,
        ),
        chart(
            "Speed, over six hours",
            "The same over six hours. Above 6, a month's budget is gone in five days.",
            COUNT,
            Query("taskmanager:level_burn:rate6h", "{{level}}"),
            width=HALF,
        ),
    ]


def _events() -> list[Panel]:
    return [
        chart(
            "Events a minute",
            "What each level counts.",
            PER_MINUTE,
            Query("60 * taskmanager:level_events:rate5m", "{{level}}"),
        ),
        chart(
            "Bad events a minute",
            "Those of them that break the promise.",
            PER_MINUTE,
            Query("60 * taskmanager:level_bad_events:rate5m", "{{level}}"),
        ),
        chart(
            "Plugins whose starts count",
            "1 while a plugin has a free slot and no job of it waits for anything but its turn.",
            COUNT,
            Query("taskmanager:plugin_starts_at_once:bool", "{{plugin}}"),
        ),
        chart(
            "Processes that answered",
            "Share of the last hour in which Prometheus got an answer from each process.",
            SHARE,
            Query(
                'avg_over_time(up{job=~"taskmanager-.+", instance=~"$instance"}[1h])', "{{job}} {{instance}}"
            ),
            width=24,
        ),
    ]

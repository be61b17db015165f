"""The gateway: requests, submissions, commands, log-ins."""

from deploy.grafana.frame import Scope, framed
from deploy.grafana.panels import (
    BYTES,
    COUNT,
    HALF,
    PER_MINUTE,
    PER_SECOND,
    SECONDS,
    SHARE,
    Panel,
    Query,
    chart,
    per_minute,
    per_second,
    quantiles,
)
from grafana_foundation_sdk.models.dashboard import Dashboard

HERE = 'instance=~"$instance"'
REQUESTS = "taskmanager_gateway_request_duration_seconds"
PROCESS = f'job="taskmanager-gateway", {HERE}'


def dashboard() -> Dashboard:
    """Where to look when clients complain."""
    return framed(
        "gateway",
        "Gateway",
        "What clients ask the gateways for, and what they get.",
        Scope(instances="taskmanager_gateway_store_up"),
        [
            ("Requests", _requests()),
            ("Submissions and commands", _submissions()),
            ("Access", _access()),
            ("Processes", _processes()),
        ],
    )


def _requests() -> list[Panel]:
    return [
        chart(
            "Requests a second, by route",
            "The ten routes with the most requests.",
            PER_SECOND,
            Query(
                f"topk(10, sum by (route) (rate({REQUESTS}_count{{{HERE}}}[$__rate_interval])))", "{{route}}"
            ),
        ),
        chart(
            "Time of a response",
            "From the request to the end of its response; half of them, 95 and 99 of 100.",
            SECONDS,
            *quantiles(REQUESTS, HERE, 0.5, 0.95, 0.99),
        ),
        chart(
            "Errors of the server",
            "Share of the responses that say that the server is at fault, or not ready.",
            SHARE,
            Query(
                f'(sum(rate({REQUESTS}_count{{status=~"5..", {HERE}}}[$__rate_interval])) or vector(0))'
                f" / (sum(rate({REQUESTS}_count{{{HERE}}}[$__rate_interval])) > 0)",
                "5xx",
            ),
        ),
        chart(
            "Responses a second, by status",
            "The status codes of HTTP.",
            PER_SECOND,
            per_second(f"{REQUESTS}_count", HERE, "status"),
            width=HALF,
        ),
        chart(
            "Event streams",
            "Open pages and programs that are told of changes.",
            COUNT,
            Query(f"sum by (stream) (taskmanager_gateway_streams{{{HERE}}})", "{{stream}}"),
            width=HALF,
        ),
    ]


def _submissions() -> list[Panel]:
    return [
        chart(
            "Submitted jobs a minute, by outcome",
            "Accepted, repeated, or the problem for which they were refused.",
            PER_MINUTE,
            per_minute("taskmanager_gateway_submissions_total", HERE, "outcome"),
        ),
        chart(
            "Submitted jobs a minute, by plugin",
            "Whatever became of them.",
            PER_MINUTE,
            per_minute("taskmanager_gateway_submissions_total", HERE, "plugin"),
        ),
        chart(
            "Commands in an hour",
            "What operators did, by outcome; `pending` was not answered in time.",
            COUNT,
            Query(
                f"sum by (outcome) (increase(taskmanager_gateway_commands_total{{{HERE}}}[1h]))",
                "{{outcome}}",
            ),
        ),
        chart(
            "Checks that were left out or late",
            "In an hour: submissions accepted although the database or the file system did not answer.",
            COUNT,
            Query(
                f"sum(increase(taskmanager_gateway_checks_skipped_total{{{HERE}}}[1h]))", "earlier submission"
            ),
            Query(f"sum(increase(taskmanager_gateway_path_checks_late_total{{{HERE}}}[1h]))", "paths"),
            width=HALF,
        ),
        chart(
            "Lost and unexpected",
            "In an hour: accepted submissions that RabbitMQ lost, and requests that ended in a defect.",
            COUNT,
            Query(f"sum(increase(taskmanager_gateway_submissions_lost_total{{{HERE}}}[1h]))", "lost"),
            Query(f"sum(increase(taskmanager_gateway_defects_total{{{HERE}}}[1h]))", "defects"),
            width=HALF,
        ),
    ]


def _access() -> list[Panel]:
    return [
        chart(
            "Log-ins in an hour",
            "By outcome.",
            COUNT,
            Query(
                f"sum by (outcome) (increase(taskmanager_gateway_log_ins_total{{{HERE}}}[1h]))", "{{outcome}}"
            ),
        ),
        chart(
            "Refused log-ins and tokens in an hour",
            "By what was wrong. Many at once: somebody guesses.",
            COUNT,
            Query(f"sum by (kind) (increase(taskmanager_login_failures_total{{{HERE}}}[1h]))", "{{kind}}"),
        ),
        chart(
            "Forbidden requests in an hour",
            "By the right that was missing.",
            COUNT,
            Query(
                f"sum by (missing) (increase(taskmanager_gateway_forbidden_total{{{HERE}}}[1h]))",
                "{{missing}}",
            ),
        ),
    ]


def _processes() -> list[Panel]:
    return [
        chart(
            "Processor time",
            "1 is a busy processor, which is as much as one gateway can use.",
            COUNT,
            per_second("process_cpu_seconds_total", PROCESS, "instance"),
        ),
        chart(
            "Memory",
            "Of each gateway.",
            BYTES,
            Query(f"process_resident_memory_bytes{{{PROCESS}}}", "{{instance}}"),
        ),
        chart(
            "Connections closed",
            "In a minute, before a complete request or in favour of another connection.",
            PER_MINUTE,
            per_minute("taskmanager_http_refused_total", PROCESS, "why"),
        ),
    ]

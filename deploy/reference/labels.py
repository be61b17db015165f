"""The values the labels of metrics may have: the closed sets by metric, and a description of the open ones.

Where the code has a type for the values, they are taken from it; the others are checked against the code by a
test.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

from taskmanager.messages import Command, CommandOutcome
from taskmanager.model.control import JobAction, PluginAction, RunnerAction
from taskmanager.model.replicas import Condition, ScalingAction
from taskmanager.model.reports import ReportKind
from taskmanager.model.states import Status
from taskmanager.process.metrics import PREFIX
from taskmanager_gateway.accounts import log_in_records
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome as Acceptance
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_scheduler.broker import dangers

ENDS = ("done", "error", "cancelled")
POLICY_KEYS = (*dangers.LENGTHS, "message-ttl", "expires", "delivery-limit")
PROBLEM = "the name of a [problem](reasons.md#problems)"


def actions() -> tuple[str, ...]:
    """The names of all commands."""
    fixed = (
        get_args(order.model_fields["action"].annotation)
        for order in get_args(Command.model_fields["order"].annotation)
    )
    named = {value for values in fixed for value in values}
    return tuple(sorted({*JobAction, *PluginAction, *RunnerAction, *ScalingAction, *named}))


OPEN: Mapping[str, str] = {
    "collection": "a collection of the database",
    "connection": "the service and the purpose of its connection",
    "missing": "a code of [reasons](reasons.md)",
    "installation": "a Goobi installation",
    "partition": "the number of a [partition](adr/0021-partitions-of-the-inbox.md), from 0",
    "plugin": "a plugin",
    "queue": "a queue of RabbitMQ",
    "route": "the address as the OpenAPI document has it, or `other`",
    "status": "the status code of HTTP",
    "version": "the version",
}
"""Labels whose values depend on the installation, unless a metric has a closed set for them."""

CLOSED: Mapping[str, Mapping[str, Iterable[str]]] = {
    "retries_total": {
        "what": (
            "events",
            "goobi_files",
            "operations",
            "partitions",
            "reports",
            "slot",
            "store",
            "rabbitmq <connection>",
        )
    },
    "http_refused_total": {"why": ("400", "408", "431", "503", "gave_way")},
    "build_info": {"service": ("gateway", "orchestrator", "plugin-runner", "scheduler")},
    "gateway_submissions_total": {"outcome": (*Acceptance, PROBLEM)},
    "gateway_commands_total": {
        "action": actions(),
        "outcome": (
            *(one for one in get_args(CommandOutcome) if one in {"done", "unchanged"}),
            "pending",
            PROBLEM,
        ),
    },
    "gateway_log_ins_total": {
        "way": get_args(log_in_records.Way),
        "outcome": get_args(log_in_records.Outcome),
    },
    "gateway_request_duration_seconds": {"method": ("GET", "POST", "PUT", "other")},
    "gateway_streams": {"stream": ("events", "log", "pages of a plugin", "pages of all plugins")},
    "gateway_submissions_lost_total": {"outcome": ("sent_again", "given_up")},
    "dead_letters_total": {"reason": ("unreadable", "not believed", "defect")},
    "queue_in_danger": {"cause": POLICY_KEYS},
    "effects_failed_total": {
        "effect": ("answer", "change", "declare", "defect", "notice", "orders", "result", "store", "ticket")
    },
    "jobs_finished_total": {"outcome": ENDS},
    "job_duration_seconds": {"outcome": ENDS},
    "tickets_remade_total": {"reason": ("missing", "owed")},
    "operation_jobs_total": {"action": tuple(JobAction), "outcome": ("done", "unchanged", "refused")},
    "jobs": {"status": tuple(Status)},
    "plugin_replicas": {"state": ("wanted", *Condition)},
    "goobi_reports_total": {"kind": tuple(ReportKind), "outcome": ("delivered", "failed", "given_up")},
    "goobi_undelivered_reports": {"state": ("pending", "given_up")},
    "runner_tickets_dropped_total": {"reason": ("unreadable", "unknown")},
    "runner_jobs_total": {"outcome": tuple(AttemptOutcome)},
    "runner_job_duration_seconds": {"outcome": tuple(AttemptOutcome)},
}
"""By the name of the metric without its prefix; variable parts are in angle brackets."""


def values(metric: str, label: str) -> str:
    """The values a metric's label may have; raises KeyError for a label without a description."""
    closed = CLOSED.get(metric.removeprefix(PREFIX), {}).get(label)
    if closed is None:
        return OPEN[label]
    return ", ".join(f"`{value}`" if value is not PROBLEM else PROBLEM for value in closed)

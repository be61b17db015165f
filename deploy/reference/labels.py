"""The values the labels of metrics may have: the closed sets by metric, and a description of the open ones.

Where the code has a type for the values, they are taken from it; the others are checked against the code by a
test.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

from taskmanager.messages import CommandOutcome
from taskmanager.model.control import JobAction
from taskmanager.model.replicas import Condition
from taskmanager.model.reports import ReportKind
from taskmanager.model.states import Status
from taskmanager.process import metrics as shared
from taskmanager.process.metrics import PREFIX
from taskmanager_gateway import metrics as gateway
from taskmanager_gateway.accounts import log_in_records
from taskmanager_gateway.http.request_metrics import METHODS, OTHER
from taskmanager_gateway.known_labels import actions
from taskmanager_gateway.submissions.acceptance import SubmissionOutcome as Acceptance
from taskmanager_plugin_runner import metrics as runner
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_scheduler import metrics as scheduler
from taskmanager_scheduler.background import gauges
from taskmanager_scheduler.broker import dangers
from taskmanager_scheduler.decisions.error_kinds import ErrorKind

ENDS = ("done", "error", "cancelled")
POLICY_KEYS = (*dangers.LENGTHS, "message-ttl", "expires", "delivery-limit")
PROBLEM = "the name of a [problem](reasons.md#problems)"


OPEN: Mapping[str, str] = {
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
            "notifications",
            "operations",
            "partitions",
            "rabbitmq",
            "reports",
            "slot",
            "store",
        )
    },
    "broker_connected": {"connection": ("changes", "consume", "publish")},
    "http_refused_total": {"why": shared.HTTP_REFUSALS},
    "unreadable_documents_total": {"collection": shared.COLLECTIONS},
    "transaction_retries_total": {"reason": shared.TRANSACTION_REASONS},
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
    "login_failures_total": {"kind": gateway.LOG_IN_FAILURE_KINDS},
    "gateway_request_duration_seconds": {"method": (*METHODS, OTHER)},
    "gateway_streams": {"stream": gateway.STREAM_KINDS},
    "gateway_submissions_lost_total": {"outcome": gateway.LOST_OUTCOMES},
    "dead_letters_total": {"reason": scheduler.DEAD_LETTER_REASONS},
    "queue_in_danger": {"cause": POLICY_KEYS},
    "effects_failed_total": {"effect": scheduler.EFFECTS},
    "jobs_finished_total": {"outcome": ENDS},
    "job_duration_seconds": {"outcome": ENDS},
    "job_errors_total": {"kind": tuple(ErrorKind)},
    "tickets_remade_total": {"reason": ("missing", "owed")},
    "operation_jobs_total": {"action": tuple(JobAction), "outcome": scheduler.OPERATION_OUTCOMES},
    "jobs": {"status": tuple(Status)},
    "queue_waiting_jobs": {"reason": gauges.WAITING_REASONS},
    "runners": {"state": gauges.RUNNER_STATES},
    "plugin_slots": {"state": gauges.SLOT_STATES},
    "plugin_replicas": {"state": ("wanted", *Condition)},
    "notifications_total": {"outcome": scheduler.NOTIFICATION_OUTCOMES},
    "goobi_reports_total": {"kind": tuple(ReportKind), "outcome": scheduler.REPORT_OUTCOMES},
    "goobi_report_lag_seconds": {"kind": tuple(ReportKind)},
    "goobi_undelivered_reports": {"state": ("pending", "given_up")},
    "runner_tickets_dropped_total": {"reason": runner.DROPPED_REASONS},
    "runner_jobs_total": {"outcome": tuple(AttemptOutcome)},
    "runner_job_duration_seconds": {"outcome": tuple(AttemptOutcome)},
    "job_phase_seconds": {"phase": runner.PHASES},
    "processed_files_total": {"direction": runner.DIRECTIONS},
    "processed_bytes_total": {"direction": runner.DIRECTIONS},
}
"""By the name of the metric without its prefix."""


def values(metric: str, label: str) -> str:
    """The values a metric's label may have; raises KeyError for a label without a description."""
    closed = CLOSED.get(metric.removeprefix(PREFIX), {}).get(label)
    if closed is None:
        return OPEN[label]
    return ", ".join(f"`{value}`" if value is not PROBLEM else PROBLEM for value in closed)

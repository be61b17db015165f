"""Lets the gateway's counters begin at 0 for every value that their labels are known to take."""

from typing import get_args

from taskmanager.messages import Command
from taskmanager.model.control import JobAction, PluginAction, RunnerAction
from taskmanager.model.replicas import ScalingAction
from taskmanager.process.metrics import begin_at_zero, begin_shared
from taskmanager_gateway.accounts import log_in_records
from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import BROKER_UNAVAILABLE, NOT_POSSIBLE
from taskmanager_gateway.metrics import (
    COMMANDS,
    FORBIDDEN_REQUESTS,
    LOG_IN_FAILURE_KINDS,
    LOG_IN_FAILURES,
    LOG_INS,
    LOST_OUTCOMES,
    SUBMISSIONS,
    SUBMISSIONS_LOST,
    UNKNOWN_OUTCOMES,
    UNKNOWN_PLUGIN,
)

COMMAND_OUTCOMES = ("done", "unchanged", "pending", NOT_POSSIBLE.name, BROKER_UNAVAILABLE.name)
"""Any other outcome is a problem with one command, such as an unknown name; it begins when it first comes."""
MISSING = (
    *access.RIGHTS.values(),
    access.OTHER_PLUGIN,
    access.ALL_PLUGINS,
    access.ALL_USERS,
    access.ONE_TIME_PASSWORD,
    access.OTHERS_FACTOR,
    access.OTHERS_JOB,
    access.SHARED_PRESETS,
    access.OTHERS_PRESET,
    access.NO_CSRF_TOKEN,
    access.OTHER_SITE,
)
"""What a request that is refused with 403 may lack."""


def actions() -> tuple[str, ...]:
    """The names of all commands."""
    fixed = (
        get_args(order.model_fields["action"].annotation)
        for order in get_args(Command.model_fields["order"].annotation)
    )
    named = {value for values in fixed for value in values}
    return tuple(sorted({*JobAction, *PluginAction, *RunnerAction, *ScalingAction, *named}))


def begin() -> None:
    """Make the series; those of a plugin begin when it becomes known."""
    begin_shared(("partitions", "rabbitmq"), database=True)
    begin_at_zero(COMMANDS, actions(), COMMAND_OUTCOMES)
    begin_at_zero(LOG_INS, get_args(log_in_records.Way), get_args(log_in_records.Outcome))
    begin_at_zero(LOG_IN_FAILURES, LOG_IN_FAILURE_KINDS)
    begin_at_zero(FORBIDDEN_REQUESTS, [one.name for one in MISSING])
    begin_at_zero(SUBMISSIONS, [UNKNOWN_PLUGIN], UNKNOWN_OUTCOMES)
    begin_at_zero(SUBMISSIONS_LOST, LOST_OUTCOMES)

"""The whole OpenAPI document, asked with what schemathesis makes of it: no 5xx and nothing the schema lacks.

Chosen because it knows OpenAPI and draws by hypothesis, which is here anyway. The token may do everything; in
front of the fakes no command takes it away, so that questions go on to be answered.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.unit.gateway.access import token
from tests.unit.gateway.conftest import Scheduler, installed, job, make_gateway

from taskmanager.messages import Command, CommandResult
from taskmanager.model.access import Right
from taskmanager_gateway.app import make_app
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.reader import FakeReader

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
STREAMS = ("/api/v1/events", "/api/v1/jobs/{job_id}/log")
"""These answer for as long as somebody listens; tests of live events ask them."""


def make() -> Any:
    """A gateway whose scheduler says yes to everything and does nothing."""
    reader, access = FakeReader(), FakeAccess()
    reader.install(installed("noop"))
    reader.put(job(1, "noop"))
    access.put_token(token("all", *Right))

    def hear(message: Published) -> None:
        if b'"type":"command"' in message.body:
            command = Command.model_validate_json(message.body)
            gateway.services.feed.take(CommandResult(id=command.id, outcome="done").encode())
        elif message.exchange == gateway.services.settings.topology.submit:
            gateway.services.feed.take(message.body)

    gateway = make_gateway(
        reader, FakePublisher(hear), Scheduler(), GatewaySettings(roots=str(Path("/nowhere"))), access
    )
    asyncio.run(gateway.services.catalogue.run_once())
    return make_app(gateway.services)


schema = schemathesis.openapi.from_asgi("/openapi.json", make()).exclude(path=list(STREAMS))
FOUND: list[Any] = list(schema.get_all_operations())
OPERATIONS = [found.ok() for found in FOUND]  # raises for what is not an operation
BOUNDED = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


# not schemathesis' own parametrization: it gives all operations one test id, of which xdist runs one
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_question_is_answered_outside_the_schema(operation: Any) -> None:
    @BOUNDED
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": "Bearer tm_all"})
        case.validate_response(answer, checks=CHECKS)

    ask()

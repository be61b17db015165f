"""A Goobi to test against: a real server with all three dialects, their pitfalls, and faults on demand.

`/goobi/wi` is the classic web API, `/goobi/api` the older REST plugin and the current REST interface side by
side, `/fake` shows and controls the fake itself. It does what `docs/goobi.md` says about Goobi, and no more:
it knows nothing of jobs. Run it as a process with `python -m taskmanager_testing.goobi`, or in a test:

    with running_goobi(FakeGoobi.with_books(3)) as server:
        ...
        assert server.goobi.workflow.step(12).closings == 1
"""

from taskmanager_testing.goobi.access import (
    API_TOKEN,
    JWT_SECRET,
    TOKEN,
    Allow,
    ApiToken,
    Credentials,
    Endpoint,
    RestAccess,
    WebApiAccess,
)
from taskmanager_testing.goobi.app import REST_ROOT, WEB_API, FakeGoobi, book
from taskmanager_testing.goobi.faults import Fault, FaultKind, SeenRequest
from taskmanager_testing.goobi.processes import EventKind, JournalEntry, LogType, Process, Step, StepStatus
from taskmanager_testing.goobi.scripts import Scripts
from taskmanager_testing.goobi.server import RunningGoobi, running_goobi
from taskmanager_testing.goobi.workflow import Workflow

__all__ = [
    "API_TOKEN",
    "JWT_SECRET",
    "REST_ROOT",
    "TOKEN",
    "WEB_API",
    "Allow",
    "ApiToken",
    "Credentials",
    "Endpoint",
    "EventKind",
    "FakeGoobi",
    "Fault",
    "FaultKind",
    "JournalEntry",
    "LogType",
    "Process",
    "RestAccess",
    "RunningGoobi",
    "Scripts",
    "SeenRequest",
    "Step",
    "StepStatus",
    "WebApiAccess",
    "Workflow",
    "book",
    "running_goobi",
]

"""What the scheduler stopped by itself: a code in the API, a sentence in the reader's language on pages."""

from typing import Any

import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.model.control import JobAction, PluginAction, Stop, StopMode
from taskmanager.model.jobs import Attribution, Interruption
from taskmanager.model.operations import JobFilter, Operation, OperationState
from taskmanager.model.reasons import Reason, actions_taken, automatic
from taskmanager.model.reasons.job_texts import picture_texts
from taskmanager.model.registry import AuditEntry, InstalledPlugin

GERMAN = {"accept": "text/html", "accept-language": "de"}
STORED_EARLIER = "3 jobs in a row failed, the last one (x) with: no disk"


def stopped(**fields: Any) -> InstalledPlugin:
    stop = Stop(by=automatic.BREAKER, at=MOMENT, mode=StopMode.FINISH, **fields)
    return installed("noop").model_copy(update={"stop": stop})


async def shown(gateway: Gateway, address: str) -> str:
    answer = await gateway.client.get(address, headers=GERMAN)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_circuit_breaker_gives_a_code_and_pages_say_it_in_german(gateway: Gateway) -> None:
    error: Any = picture_texts.EMPTY()
    why = automatic.FAILURES_IN_A_ROW(count=1200, job="j-9", error=error.reason)
    gateway.reader.install(stopped(why=why))
    gateway.reader.put(job(1))

    stop = (await gateway.client.get("/api/v1/plugins/noop")).json()["stop"]
    assert stop["code"] == "automatic.failures_in_a_row"
    assert stop["parameters"]["error"]["code"] == error.reason.code
    assert stop["reason"] == "1,200 jobs in a row failed, the last one (j-9) with: it is empty"

    said = "1.200 Jobs hintereinander sind fehlgeschlagen, der letzte (j-9) mit: sie ist leer"
    for address in ("/", "/plugins/noop", f"/jobs/{job(1).id}"):
        page = await shown(gateway, address)
        assert said in page, address
        assert "Fehlersicherung" in page, address
        assert "circuit breaker" not in page, address


async def test_what_an_earlier_scheduler_stored_is_shown_as_it_is(gateway: Gateway) -> None:
    gateway.reader.install(stopped(reason=STORED_EARLIER))
    gateway.reader.put(job(1))
    stop = (await gateway.client.get("/api/v1/plugins/noop")).json()["stop"]
    assert (stop["reason"], stop["code"]) == (STORED_EARLIER, "text.prose")
    for address in ("/", "/plugins/noop", f"/jobs/{job(1).id}"):
        assert STORED_EARLIER in await shown(gateway, address), address


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ({"why": automatic.DEFECT(error="<odd>")}, "ein Fehler im Scheduler: &lt;odd&gt;"),
        ({"reason": "a defect of the scheduler: odd"}, "a defect of the scheduler: odd"),
    ],
)
async def test_an_operation_ended_by_a_defect_says_so(
    gateway: Gateway, stop: dict[str, Reason | str], said: str
) -> None:
    operation = Operation(
        id="op",
        action=JobAction.HOLD,
        filter=JobFilter(plugin="noop"),
        asked=Attribution(by="anna", at=MOMENT),
        state=OperationState.STOPPED,
        stop=Interruption.model_validate({"by": automatic.SCHEDULER, "at": MOMENT, **stop}),
    )
    gateway.reader.known_operations["op"] = operation
    assert said in await shown(gateway, "/operations/op")
    api = (await gateway.client.get("/api/v1/operations/op")).json()["stop"]
    assert api["reason"].startswith("a defect of the scheduler")


async def test_the_audit_says_why_a_plugin_was_restarted_by_itself(gateway: Gateway) -> None:
    entry = AuditEntry(
        id="c", at=MOMENT, actor=automatic.TIMER, reason="", plugin="noop", outcome="done",
        what=actions_taken.PLUGINS[PluginAction.RESTART](), why=automatic.STOP_OVER(by="anna", until=MOMENT),
    )  # fmt: skip
    gateway.reader.audited = [entry]
    page = await shown(gateway, "/audit")
    assert "Zeitsteuerung" in page
    assert "das Anhalten durch anna sollte bis" in page

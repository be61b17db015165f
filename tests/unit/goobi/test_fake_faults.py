"""Faults on demand, the record of requests, being down, the pages of the fake, and the process of its own."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskmanager_testing.goobi import TOKEN, FakeGoobi, Fault, FaultKind, StepStatus

CLOSE = "/process/1/step/11/close"


def test_slow_answers_late(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.SLOW, delay_seconds=0.2))
    began = time.monotonic()
    assert caller.rest("PUT", CLOSE).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_error_is_a_page_of_the_server_before_it_and_nothing_is_done(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.ERROR, times=1, status=503))
    answer = caller.rest("PUT", CLOSE)
    assert (answer.status_code, "<html>" in answer.text) == (503, True)
    assert goobi.workflow.step(11).status is StepStatus.OPEN
    assert caller.rest("PUT", CLOSE).status_code == 200


def test_garbage_is_200_and_nothing_is_done(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.GARBAGE, times=1))
    assert caller.wi("closeStep", stepId=11).status_code == 200
    assert goobi.workflow.step(11).status is StepStatus.OPEN


def test_reset_does_nothing(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.RESET, times=1))
    with pytest.raises(httpx.ReadError):
        caller.rest("PUT", CLOSE)
    assert goobi.workflow.step(11).status is StepStatus.OPEN
    assert caller.rest("PUT", CLOSE).status_code == 200


def test_a_lost_answer_comes_after_the_work(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.LOST, times=1))
    with pytest.raises(httpx.ReadError):
        caller.rest("PUT", CLOSE)
    assert goobi.workflow.step(11).status is StepStatus.DONE
    assert caller.rest("PUT", CLOSE).status_code == 409


def test_a_fault_strikes_only_its_path(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.ERROR, path="command=closeStep"))
    assert caller.wi("closeStep", stepId=11).status_code == 500
    assert caller.wi("help").status_code == 200


def test_chances_are_the_same_in_each_run() -> None:
    def struck() -> list[bool]:
        goobi = FakeGoobi()
        goobi.faults.set(Fault(FaultKind.ERROR, chance=0.5))
        return [goobi.faults.strike("/") is not None for _ in range(20)]

    assert struck() == struck()
    assert 0 < sum(struck()) < 20


def test_it_keeps_every_request(caller: Any, goobi: FakeGoobi) -> None:
    goobi.faults.set(Fault(FaultKind.LOST, times=1))
    with pytest.raises(httpx.ReadError):
        caller.rest("POST", "/addtoprocesslog/steps/11/info", content=b"hello")
    caller.wi("closeStep", stepId=11)
    first, second = goobi.seen
    assert (first.method, first.path, first.body) == (
        "POST",
        "/goobi/api/addtoprocesslog/steps/11/info",
        "hello",
    )
    assert (first.fault, first.status, first.headers["token"]) == (FaultKind.LOST, None, TOKEN)
    assert (second.fault, second.status, "stepId=11" in second.query) == (None, 200, True)


def test_down_refuses_and_comes_back_at_the_same_port_with_its_state(caller: Any, goobi: FakeGoobi) -> None:
    caller.rest("PUT", CLOSE)
    caller.server.stop()
    with pytest.raises(httpx.ConnectError):
        caller.rest("PUT", CLOSE)
    caller.server.start()
    assert caller.rest("PUT", CLOSE).status_code == 409
    assert goobi.workflow.step(11).closings == 1


def test_its_own_pages_show_and_steer_it(caller: Any) -> None:
    caller.http.put("/fake/faults", json=[{"kind": "error", "times": 1}]).raise_for_status()
    assert caller.rest("PUT", CLOSE).status_code == 500
    assert caller.rest("PUT", CLOSE).status_code == 200
    events = caller.http.get("/fake/events").json()
    assert [(one["kind"], one["step_id"]) for one in events[-2:]] == [
        ("step closed", 11),
        ("step opened", 12),
    ]
    assert caller.http.get("/fake/events", params={"after": events[-1]["number"]}).json() == []
    assert [one["status"] for one in caller.http.get("/fake/requests").json()] == [500, 200]
    assert caller.http.get("/fake/processes").json()[0]["steps"][0]["status"] == "stepdone"
    process = {"id": 5, "title": "five", "steps": [{"id": 500, "title": "only"}]}
    assert caller.http.post("/fake/processes", json=process).json()["steps"][0]["status"] == "stepopen"
    assert caller.http.put("/fake/ocr/7/500").status_code == 200
    assert "book_1" in caller.http.get("/fake").text


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "goobi.toml"
    config.write_text(
        'books = 0\n[webapi]\nenabled = false\n[[processes]]\nid = 17\ntitle = "zoologia"\n'
        '[[processes.steps]]\nid = 42\ntitle = "Conversion"\n'
        '[[rest.endpoints]]\npath = ".*"\nmethods.get = [{netmask = "127.0.0.1", token = "own"}]\n'
    )
    command = [sys.executable, "-m", "taskmanager_testing.goobi", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            steps = httpx.get(f"{url}/goobi/api/process/17/steps", headers={"token": "own"}, trust_env=False)
            assert [one["stepId"] for one in steps.json()] == [42]
            assert httpx.get(f"{url}/goobi/wi", trust_env=False).status_code == 404
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0

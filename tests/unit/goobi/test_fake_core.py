"""Today's REST interface of the fake Goobi, its files and the OCR callback."""

from typing import Any

import pytest

from taskmanager_testing.goobi import FakeGoobi, LogType, StepStatus


def test_a_journal_entry_is_added_read_changed_and_deleted(caller: Any, goobi: FakeGoobi) -> None:
    body = {"userName": "Task manager", "type": "important", "message": "1+1 %20"}
    made = caller.rest("POST", "/process/1/journal", json=body).json()
    (entry,) = goobi.workflow.process(1).journal
    assert (entry.type, entry.user, entry.message) == (LogType.IMPORTANT, "Task manager", "1+1 %20")
    assert [one["message"] for one in caller.rest("GET", "/process/1/journal").json()] == ["1+1 %20"]
    caller.rest("PUT", "/process/1/journal", json={**body, "id": made["id"], "message": "other"})
    assert entry.message == "other"
    assert caller.rest("DELETE", "/process/1/journal", json={"id": made["id"]}).status_code == 200
    assert goobi.workflow.process(1).journal == []


@pytest.mark.parametrize(("change", "status"), [({"type": "warning"}, 400), ({"message": ""}, 400)])
def test_a_bad_journal_entry_is_400(caller: Any, change: dict[str, str], status: int) -> None:
    body = {"userName": "x", "type": "info", "message": "x", **change}
    assert caller.rest("POST", "/process/1/journal", json=body).status_code == status


def test_close_moves_the_workflow_on_once(caller: Any, goobi: FakeGoobi) -> None:
    assert caller.rest("PUT", "/process/1/step/11/close").status_code == 200
    assert goobi.workflow.step(12).status is StepStatus.OPEN
    assert caller.rest("PUT", "/process/1/step/11/close").status_code == 409
    assert goobi.workflow.step(11).closings == 1


@pytest.mark.parametrize(("path", "status"), [("1/step/99", 404), ("9/step/11", 404), ("2/step/11", 409)])
def test_close_of_what_is_not_there_or_elsewhere(caller: Any, path: str, status: int) -> None:
    assert caller.rest("PUT", f"/process/{path}/close").status_code == status


@pytest.mark.parametrize("status", [StepStatus.LOCKED, StepStatus.DONE, StepStatus.DEACTIVATED])
def test_close_of_a_locked_done_or_deactivated_step_is_409(
    caller: Any, goobi: FakeGoobi, status: StepStatus
) -> None:
    goobi.workflow.step(11).status = status
    assert caller.rest("PUT", "/process/1/step/11/close").status_code == 409


def test_a_step_in_error_can_be_closed(caller: Any, goobi: FakeGoobi) -> None:
    goobi.workflow.fail(11)
    assert caller.rest("PUT", "/process/1/step/11/close").status_code == 200


def test_close_by_name(caller: Any, goobi: FakeGoobi) -> None:
    assert caller.rest("PUT", "/process/1/step/close", json={"stepname": "Scanning"}).status_code == 200
    assert goobi.workflow.step(11).closings == 1


def test_stepdone_by_update_only_stores(caller: Any, goobi: FakeGoobi) -> None:
    body = {"processId": 1, "stepId": 11, "status": "stepdone"}
    assert caller.rest("PUT", "/process/1/step", json=body).status_code == 200
    assert goobi.workflow.step(11).status is StepStatus.DONE
    assert goobi.workflow.step(11).closings == 0
    assert goobi.workflow.step(12).status is StepStatus.LOCKED


def test_steperror_by_update(caller: Any, goobi: FakeGoobi) -> None:
    body = {"processId": 1, "stepId": 11, "status": "steperror"}
    assert caller.rest("PUT", "/process/1/step", json=body).json()["status"] == "steperror"
    assert goobi.workflow.step(11).status is StepStatus.ERROR


def test_an_update_without_the_process_in_its_body_is_stored_and_answered_404(
    caller: Any, goobi: FakeGoobi
) -> None:
    answer = caller.rest("PUT", "/process/1/step", json={"stepId": 11, "status": "steperror"})
    assert answer.status_code == 404
    assert goobi.workflow.step(11).status is StepStatus.ERROR


def test_an_unknown_status_word_is_400(caller: Any) -> None:
    body = {"processId": 1, "stepId": 11, "status": "error"}
    assert caller.rest("PUT", "/process/1/step", json=body).status_code == 400


def test_steps_are_read(caller: Any) -> None:
    assert [one["status"] for one in caller.rest("GET", "/process/1/steps").json()] == [
        "stepopen",
        "steplocked",
        "steplocked",
    ]
    assert caller.rest("GET", "/process/1/step/12").json()["steptitle"] == "Conversion"


def test_properties_are_added_changed_and_read(caller: Any) -> None:
    made = caller.rest("POST", "/process/1/property", json={"name": "a", "value": "b"}).json()
    caller.rest("PUT", "/process/1/property", json={"id": made["id"], "name": "a", "value": "c"})
    found = caller.rest("GET", "/process/1/properties").json()
    assert [(one["name"], one["value"]) for one in found] == [("a", "c")]


def test_files_are_sent_listed_fetched_and_deleted(caller: Any) -> None:
    folder = "/process/1/files/media"
    content = bytes(range(256))
    parts = {"file": ("1.tif", content, "image/tiff")}
    assert caller.rest("POST", folder, files=parts).json()["files"] == ["1.tif"]
    assert caller.rest("GET", folder).json() == ["1.tif"]
    assert caller.rest("GET", f"{folder}/1.tif").content == content
    assert caller.rest("DELETE", f"{folder}/1.tif").status_code == 200
    assert caller.rest("GET", f"{folder}/1.tif").status_code == 404


def test_the_ocr_callback_closes_the_step_when_both_halves_are_in(caller: Any, goobi: FakeGoobi) -> None:
    goobi.workflow.ocr_jobs["7"] = 11
    for _ in range(2):
        answer = caller.rest("POST", "/plugins/ocr/7/done")
        assert (answer.status_code, answer.content) == (200, b"")
    assert goobi.workflow.step(11).status is StepStatus.OPEN
    caller.rest("POST", "/plugins/ocr/7/done", headers={"jobType": "fracture"})
    assert goobi.workflow.step(11).closings == 1

"""A plugin that says ten million characters: the job ends, keeps a part and says so; nothing is stuck."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.stage import Stage, running_stage

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

LINE, LINES, MESSAGE, TRACEBACK = 4_000, 2_000, 4_000, 20_000
CHARACTERS = 10_000_000
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[Stage]:
    folder = Path(tmp_path_factory.mktemp("verbose"))
    with running_stage(folder, rabbitmq, mongod, plugin="verbose") as made:
        yield made


def failed(stage: Stage, where: str) -> tuple[dict[str, Any], list[str]]:
    """The job once it has ended, and the lines of its log."""
    job = stage.submit({"plugin": "verbose", "parameters": {"where": where}}, uuid.uuid4().hex)

    def ended() -> dict[str, Any] | None:
        with stage.client() as client:
            found: dict[str, Any] = client.get(f"/api/v1/jobs/{job}").raise_for_status().json()
        return found if found["status"] == "ERROR" else None

    kept = eventually(ended, within_seconds=60, what=f"{where} has ended") or {}
    return kept, log(stage, job)


def log(stage: Stage, job: str) -> list[str]:
    lines: list[str] = []
    after, more = "0.0", True
    with stage.client() as client:
        while more:
            query = {"after": after}
            page = client.get(f"/api/v1/jobs/{job}/log", params=query).raise_for_status().json()
            lines += [line["text"] for block in page["blocks"] for line in block["lines"]]
            after, more = page["after"], page["more"]
    return lines


def test_a_message_of_one_endless_line_is_whole_in_the_log_up_to_its_cap(stage: Stage) -> None:
    job, lines = failed(stage, "message")

    assert len(job["error"]["message"]) == MESSAGE
    assert job["error"]["message"].endswith("… [the first of 10,000,000 characters; more of them in the log]")
    assert lines == ["m" * LINE] * LINES + [f"the log ends here: more than {LINES} lines"]


def test_a_message_of_countless_lines_ends_the_log_at_its_cap(stage: Stage) -> None:
    _, lines = failed(stage, "lines")

    assert lines == ["one line"] * LINES + [f"the log ends here: more than {LINES} lines"]


def test_the_end_of_an_endless_traceback_is_kept(stage: Stage) -> None:
    job, _ = failed(stage, "traceback")

    assert job["error"]["message"] == "short"
    assert len(job["error"]["traceback"]) == TRACEBACK
    assert job["error"]["traceback"].startswith("…")
    assert job["error"]["traceback"].rstrip().endswith("ValueError: short")


def test_an_endless_line_of_the_log_is_cut(stage: Stage) -> None:
    job, lines = failed(stage, "log")

    assert job["error"]["message"] == "short"
    assert lines == ["l" * (LINE - 1) + "…"]


def test_after_all_that_the_next_job_runs(stage: Stage) -> None:
    failed(stage, "log")

    assert stage.tabs()["queue"]["jobs"] == 0
    assert stage.runner.problems() == {}

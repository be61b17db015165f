"""A plugin that says ten million characters: the job ends, keeps a part and says so; nothing is stuck."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.system import System, running_system

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

LINE, LINES, MESSAGE, TRACEBACK = 4_000, 2_000, 4_000, 20_000
CHARACTERS = 10_000_000
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("verbose"))
    with running_system(folder, rabbitmq, mongod, plugin="verbose") as made:
        yield made


def failed(system: System, where: str) -> tuple[dict[str, Any], list[str]]:
    """The job once it has ended, and the lines of its log."""
    job = system.submit({"plugin": "verbose", "parameters": {"where": where}}, uuid.uuid4().hex)

    def ended() -> dict[str, Any] | None:
        with system.client() as client:
            found: dict[str, Any] = client.get(f"/api/v1/jobs/{job}").raise_for_status().json()
        return found if found["status"] == "ERROR" else None

    kept = eventually(ended, within_seconds=60, what=f"{where} has ended") or {}
    return kept, log(system, job)


def log(system: System, job: str) -> list[str]:
    lines: list[str] = []
    after, more = "0.0", True
    with system.client() as client:
        while more:
            query = {"after": after}
            page = client.get(f"/api/v1/jobs/{job}/log", params=query).raise_for_status().json()
            lines += [line["text"] for block in page["blocks"] for line in block["lines"]]
            after, more = page["after"], page["more"]
    return lines


def test_a_message_of_one_endless_line_is_whole_in_the_log_up_to_its_cap(system: System) -> None:
    job, lines = failed(system, "message")

    assert len(job["error"]["message"]) == MESSAGE
    assert job["error"]["message"].endswith("… [the first of 10,000,000 characters; more of them in the log]")
    assert lines == ["m" * LINE] * LINES + [f"the log ends here: more than {LINES} lines"]


def test_a_message_of_countless_lines_ends_the_log_at_its_cap(system: System) -> None:
    _, lines = failed(system, "lines")

    assert lines == ["one line"] * LINES + [f"the log ends here: more than {LINES} lines"]


def test_the_end_of_an_endless_traceback_is_kept(system: System) -> None:
    job, _ = failed(system, "traceback")

    assert job["error"]["message"] == "short"
    assert len(job["error"]["traceback"]) == TRACEBACK
    assert job["error"]["traceback"].startswith("…")
    assert job["error"]["traceback"].rstrip().endswith("ValueError: short")


def test_an_endless_line_of_the_log_is_cut(system: System) -> None:
    job, lines = failed(system, "log")

    assert job["error"]["message"] == "short"
    assert lines == ["l" * (LINE - 1) + "…"]


def test_after_all_that_the_next_job_runs(system: System) -> None:
    failed(system, "log")

    assert system.tabs()["queue"]["jobs"] == 0
    assert system.runner.problems() == {}

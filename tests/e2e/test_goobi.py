"""A step of Goobi from its script to its close: `taskclient`, the whole system, a Goobi that hears of it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from tests.e2e.conftest import System
from tests.e2e.goobi_steps import DIALECTS, FOLDERS, PAGES, Steps, settings_file

from taskmanager_testing.goobi import (
    EventKind,
    FakeGoobi,
    Fault,
    FaultKind,
    LogType,
    RunningGoobi,
    StepStatus,
    running_goobi,
)
from taskmanager_testing.waiting import eventually

BOOKS = 40
ENTRY, CLOSED, ERROR = EventKind.JOURNAL, EventKind.CLOSED, EventKind.ERROR
CLOSE_CALLS = "close"


@pytest.fixture(scope="module")
def goobi() -> Iterator[RunningGoobi]:
    with running_goobi(FakeGoobi.with_books(BOOKS)) as server:
        yield server


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "tally", "fail", "sleep", "noop")


@pytest.fixture(scope="module")
def system_settings(goobi: RunningGoobi, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    file = settings_file(Path(tmp_path_factory.mktemp("settings")), goobi.url)
    return {"TASKMANAGER_GOOBI": str(file)}


@pytest.fixture(scope="module")
def all_steps(system: System, goobi: RunningGoobi) -> Steps:
    return Steps(system, goobi)


@pytest.fixture
def steps(all_steps: Steps, goobi: RunningGoobi) -> Iterator[Steps]:
    yield all_steps
    goobi.goobi.faults.clear()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_step_is_a_job_an_entry_and_one_close(steps: Steps, dialect: str) -> None:
    step = steps.fresh()

    ended = steps.run(step, f"-t TALLY {FOLDERS} --installation {dialect}")

    assert ended.returncode == 99, ended.stderr
    steps.until(step, StepStatus.DONE)
    assert steps.told(step) == [ENTRY, CLOSED]
    (entry,) = steps.journal(step)
    assert entry.type is LogType.INFO
    assert "tally: finished, 3 files" in entry.message
    process = steps.process(step)
    results = steps.masters(process).parent / f"{process.title}_media"
    assert sorted(file.name for file in results.iterdir()) == [*PAGES, "tally.txt"]
    assert process.steps[1].status is StepStatus.OPEN


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_failure_is_an_entry_and_then_a_step_in_error(steps: Steps, dialect: str) -> None:
    step = steps.fresh()

    assert steps.run(step, f"-t FAIL --installation {dialect}").returncode == 99

    steps.until(step, StepStatus.ERROR)
    assert steps.told(step) == [ENTRY, ERROR]
    (entry,) = steps.journal(step)
    assert entry.type is LogType.ERROR
    assert "this job is meant to fail" in entry.message


def test_a_chain_closes_its_step_when_its_last_job_is_done(steps: Steps) -> None:
    """The scheduler is killed while the first job runs; a link that fails keeps the others waiting."""
    step, system = steps.fresh(), steps.system
    goobi = {"process_id": steps.process(step).id, "step_id": step.id}
    folder = system.roots / f"chain-{step.id}"
    go, source = folder / "go", folder / "source"
    folder.mkdir()
    seconds = {"seconds": 600, "until": str(go)}
    first = system.submit(
        plugin="sleep",
        parameters=seconds,
        goobi=goobi,
        after=[
            {"plugin": "tally", "source": str(source), "destination": str(folder / "result")},
            {"plugin": "noop"},
        ],
    )
    jobs = first["chain"]
    eventually(
        lambda: system.job(first["id"])["status"] == "PROCESSING", within_seconds=60, what="the first job"
    )
    assert system.job(jobs[1])["chain"] == jobs
    assert [system.job(job)["waiting"]["code"] for job in jobs[1:]] == ["follows", "follows"]
    system.kill("scheduler-1")
    go.touch()

    assert system.finished(jobs[1])["status"] == "ERROR"
    steps.until(step, StepStatus.ERROR)
    waiting = system.job(jobs[2])
    assert (waiting["status"], waiting["waiting"]["reason"]["code"]) == ("PAUSED", "waiting.follows_failed")
    source.mkdir()
    (source / "1.tif").write_bytes(b"x")
    system.client.post(f"/api/v1/jobs/{jobs[1]}/retry", json={}).raise_for_status()

    assert [system.finished(job)["status"] for job in jobs[1:]] == ["DONE", "DONE"]
    steps.until(step, StepStatus.DONE)
    assert steps.told(step) == [ENTRY, ENTRY, ERROR, ENTRY, ENTRY, CLOSED]


def test_a_cancel_is_an_entry_and_leaves_the_step_in_work(steps: Steps) -> None:
    step = steps.fresh()
    steps.run(step, "-t SLEEP -seconds 600")
    job = steps.job(step)

    cancel = {"reason": "wrong book"}
    steps.system.client.post(f"/api/v1/jobs/{job}/cancel", json=cancel).raise_for_status()

    eventually(lambda: steps.journal(step), within_seconds=60, what="an entry about the cancel")
    assert "wrong book" in steps.journal(step)[0].message
    assert steps.told(step) == [ENTRY]
    assert step.status is StepStatus.IN_WORK


def test_a_job_with_a_callback_calls_it_and_leaves_the_close_to_goobi(steps: Steps) -> None:
    step = steps.fresh()
    workflow = steps.server.goobi.workflow
    workflow.ocr_jobs["77"] = step.id
    url = f"{steps.server.url}/goobi/api/plugins/ocr/77/done"
    for font in ("antiqua", "fracture"):
        ocr = {"goobiId": str(steps.process(step).id), "postOCR": str(step.id), "jobtype": "NOOP"}
        call = {**ocr, "title": url, "callbackUrl": url, "fontType": font, "titleprefix": f"book_{font}"}
        answer = steps.system.client.post("/itm/service", json={**call, "priority": 10})
        assert answer.status_code == httpx.codes.OK, answer.text

    steps.until(step, StepStatus.DONE)

    told = steps.told(step)
    assert sorted(told) == sorted([ENTRY, ENTRY, EventKind.CALLBACK, EventKind.CALLBACK, CLOSED])
    assert workflow.ocr_halves["77"] == {"antiqua", "fracture"}
    asked = [one.path for one in steps.server.goobi.seen if str(step.id) in one.path]
    assert not [path for path in asked if CLOSE_CALLS in path], "the callback stands for the close"


def test_a_step_started_twice_is_one_job_and_run_again_after_its_end_another_one(steps: Steps) -> None:
    step = steps.fresh()
    until = steps.system.roots / f"until-{step.id}"
    script = f"-t SLEEP -seconds 600 -until {until}"
    assert steps.run(step, script).returncode == 99
    job = steps.job(step)

    again = steps.run(step, script)

    assert again.returncode == 99, again.stderr
    assert job in again.stdout
    until.touch()
    steps.until(step, StepStatus.DONE)
    assert [one["id"] for one in steps.jobs(step)] == [job]
    assert steps.run(step, script).returncode == 99
    eventually(lambda: len(steps.jobs(step)) == 2, what="a second job")


def test_a_goobi_that_was_down_hears_everything_when_it_is_back(steps: Steps) -> None:
    step = steps.fresh()
    until = steps.system.roots / f"until-{step.id}"
    steps.run(step, f"-t SLEEP -seconds 600 -until {until}")
    job = steps.job(step)
    steps.server.stop()
    try:
        until.touch()
        assert steps.system.finished(job)["status"] == "DONE"
        eventually(lambda: _tries(steps, job) > 0, within_seconds=60, what="a try while Goobi is down")
        other = steps.system.submit(plugin="noop")
        assert steps.system.finished(other["id"])["status"] == "DONE", "jobs go on"
    finally:
        steps.server.start()
    steps.until(step, StepStatus.DONE)
    assert steps.told(step) == [ENTRY, CLOSED]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_that_is_lost_makes_no_second_close(steps: Steps, dialect: str) -> None:
    step = steps.fresh()
    steps.server.goobi.faults.set(Fault(FaultKind.LOST, path="(?i)close", times=2))

    steps.run(step, f"-t NOOP --installation {dialect}")

    eventually(lambda: _pending(steps, steps.job(step)) == 0, within_seconds=60, what="all delivered")
    assert step.status is StepStatus.DONE
    assert (step.closings, steps.told(step).count(CLOSED)) == (1, 1)


def test_a_scheduler_killed_while_it_delivers_is_followed_by_one_that_goes_on(steps: Steps) -> None:
    step = steps.fresh()
    seen = steps.server.goobi.seen
    before = len(seen)
    steps.server.goobi.faults.set(Fault(FaultKind.SLOW, path="close", delay_seconds=3, times=1))
    steps.run(step, "-t NOOP")
    eventually(lambda: [one for one in seen[before:] if "close" in one.path], within_seconds=60)

    steps.system.kill("scheduler-1")

    steps.until(step, StepStatus.DONE)
    eventually(lambda: _pending(steps, steps.job(step)) == 0, within_seconds=60, what="all delivered")
    assert step.closings == 1
    assert steps.told(step)[:2] == [ENTRY, CLOSED]


def test_a_report_that_goobi_never_takes_holds_up_no_other(steps: Steps) -> None:
    strange = steps.system.submit(plugin="noop", goobi={"process_id": 1, "step_id": 987_654})
    steps.system.finished(strange["id"])
    eventually(lambda: _tries(steps, strange["id"]) > 5, within_seconds=60, what="some tries")

    step = steps.fresh()
    steps.run(step, "-t NOOP")

    steps.until(step, StepStatus.DONE)
    assert _pending(steps, strange["id"]) > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-t NOSUCH", ["NOSUCH"]),
        ("-t TALLY -s /etc -d {tifpath}", ["/etc"]),
        ("-t NOOP --installation elsewhere", ["elsewhere", "core"]),
        ("-t NOOP -p high", ["priority", "high"]),
        ("-t NOOP -s {nosuch}", ["{nosuch}"]),
    ],
)
def test_a_script_that_is_wrong_is_told_in_the_journal(
    steps: Steps, options: str, words: Sequence[str]
) -> None:
    step = steps.fresh()

    ended = steps.run(step, options)

    assert ended.returncode not in {0, 98, 99}
    assert step.status is StepStatus.ERROR
    (entry,) = steps.journal(step)
    assert entry.type is LogType.ERROR
    assert [word for word in words if word not in entry.message] == []
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_folder_that_is_missing_is_told_in_the_journal_by_the_job(steps: Steps) -> None:
    step = steps.fresh()

    assert steps.run(step, "-t TALLY -s {origpath}_missing -d {tifpath}").returncode == 99

    steps.until(step, StepStatus.ERROR)
    (entry,) = steps.journal(step)
    assert f"{steps.masters(steps.process(step))}_missing" in entry.message


def test_an_address_where_nobody_listens_is_told_in_the_journal(steps: Steps) -> None:
    step = steps.fresh()

    ended = steps.run(step, "-t NOOP --budget 1", address="http://127.0.0.1:9/itm/service")

    assert ended.returncode == 4
    (entry,) = steps.journal(step)
    assert "127.0.0.1:9" in entry.message
    assert "refused" in entry.message


def _reports(steps: Steps, job: str) -> list[dict[str, object]]:
    answer = steps.system.client.get(f"/api/v1/jobs/{job}/reports").raise_for_status()
    found: list[dict[str, object]] = answer.json()["reports"]
    return found


def _pending(steps: Steps, job: str) -> int:
    """How many reports of a job that has ended are not delivered; at least one before they are stored."""
    reports = _reports(steps, job)
    return sum(one["state"] != "delivered" for one in reports) if reports else 1


def _tries(steps: Steps, job: str) -> int:
    return sum(int(str(one["attempts"])) for one in _reports(steps, job))

"""`taskclient` over real HTTP against a service that fails: one job, one clear line, the right code."""

import json
import socket
import subprocess
import time
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.integration.taskclient.conftest import Service, StartService
from tests.taskclient import run, start

STEP = ("-t", "JP2", "-s", "/data/17", "-gid", "17", "-i", "42", "-e")


def send(service: Service, *more: str) -> "CompletedProcess[str]":
    return run(["-itm", service.address, *STEP, *more])


def closed_address() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/itm/service"


def test_a_job_that_is_taken_ends_with_99_and_one_line_that_names_it(service: Service) -> None:
    sent = send(service)
    (job,) = service.jobs
    assert (sent.returncode, sent.stderr) == (99, "")
    assert sent.stdout == f"Job {job} is taken by {service.address}: JP2 for process 17, step 42\n"


@pytest.mark.parametrize("fault", ["500", "502", "503", "lost before", "lost after"])
def test_what_may_pass_is_tried_again_under_the_same_key(service: Service, fault: str) -> None:
    service.faults.extend([fault, fault])
    sent = send(service)
    assert sent.returncode == 99
    assert len(service.jobs) == 1
    assert len(service.keys) == 3
    assert len(set(service.keys)) == 1


def test_two_calls_have_two_keys(service: Service) -> None:
    send(service)
    service.jobs.clear()
    send(service)
    assert len(set(service.keys)) == 2


@pytest.mark.parametrize("fault", ["silent", "dripping"])
def test_an_address_that_does_not_answer_gets_its_share_of_the_budget(
    start_service: StartService, fault: str
) -> None:
    slow, good = start_service(), start_service()
    slow.always = fault
    begun = time.monotonic()
    sent = run(["-itm", f"{slow.address},{good.address}", *STEP, "--budget", "2"])
    assert (sent.returncode, len(good.jobs)) == (99, 1)
    assert slow.keys == good.keys
    assert time.monotonic() - begun < 30


def test_a_refused_connection_leads_to_the_next_address(service: Service) -> None:
    sent = run(["-itm", closed_address(), "-itm", service.address, *STEP])
    assert (sent.returncode, len(service.jobs)) == (99, 1)


def test_an_address_of_something_else_is_left_out(start_service: StartService) -> None:
    wrong, good = start_service(), start_service()
    wrong.always = "404 page"
    good.faults.extend(["503", "503"])
    sent = run(["-itm", f"{wrong.address},{good.address}", *STEP])
    assert (sent.returncode, len(good.jobs), len(wrong.keys)) == (99, 1, 1)


def test_nobody_there_ends_with_4_after_the_budget_and_says_why(service: Service) -> None:
    address = closed_address()
    sent = run(["-itm", address, *STEP, "--budget", "1"])
    reason = f"no TaskManager took the job within 1 s: {address}: connection refused"
    assert (sent.returncode, sent.stdout, sent.stderr) == (4, "", f"taskclient: {reason}\n")


def test_a_job_that_may_have_got_through_is_said_to(service: Service) -> None:
    service.always = "lost after"
    sent = send(service, "--budget", "1")
    assert sent.returncode == 4
    assert "It may have got through nevertheless; starting the step again makes no second job" in sent.stderr
    assert sent.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("fault", "exit_code", "words"),
    [
        ("422", 3, "refused it: sourceDir: /etc lies outside of the allowed folders."),
        ("error 200", 3, "No such job type: XYZ. Known: JP2, SHELL."),
        ("404 route", 3, "it answered 404; is this the address of a TaskManager?"),
        ("404 page", 3, "it answered 404; is this the address of a TaskManager?"),
        ("200 page", 3, "it answered 200 with something that is not JSON"),
        ("401", 5, "not allowed: This token is not known.; see --token-file"),
    ],
)
def test_a_refusal_is_told_at_once_in_one_line(
    service: Service, fault: str, exit_code: int, words: str
) -> None:
    service.always = fault
    sent = send(service)
    assert sent.returncode == exit_code
    assert words in sent.stderr
    assert sent.stderr.count("\n") == 1
    assert len(service.keys) == 1


def test_a_step_started_twice_is_one_job_and_both_calls_count_as_sent(service: Service) -> None:
    first, second = send(service), send(service)
    (job,) = service.jobs
    assert (first.returncode, second.returncode) == (99, 99)
    assert second.stdout.startswith(f"Job already in DB, not adding it! Job {job} is at it")
    assert second.stderr == ""


def test_the_wait_code_can_be_another(service: Service) -> None:
    assert send(service, "--wait-code", "97").returncode == 97


def test_a_token_comes_from_its_file(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    sent = send(service, "--token-file", str(file))
    assert service.tokens == ["Bearer s3cret"]
    assert "s3cret" not in sent.stdout + sent.stderr


def test_json_tells_programs_what_happened(service: Service) -> None:
    sent = json.loads(send(service, "--json").stdout)
    assert sent == {"outcome": "accepted", "job": next(iter(service.jobs)), "address": service.address}
    service.always = "422"
    failed = send(service, "--json")
    assert json.loads(failed.stdout)["exit_code"] == failed.returncode == 3


def view(status: str, percent: int = 0, **more: object) -> dict[str, object]:
    progress = {"percent": percent, "files_done": percent // 10, "files_total": 10, "current_file": "7.tif"}
    return {"id": "j1", "status": status, "progress": progress, "waiting": None, "error": None, **more}


def test_waiting_shows_each_stage_and_ends_with_the_job(service: Service) -> None:
    waiting = {"sentence": "Nothing is free."}
    service.views.extend([view("STARTED", waiting=waiting), view("PROCESSING", 50), view("DONE", 100)])
    service.faults.extend(["", "", "503"])
    sent = send(service, "--wait")
    assert sent.returncode == 0
    assert sent.stdout.splitlines()[1:] == [
        "STARTED, 0 of 10 files, 7.tif, Nothing is free.",
        "PROCESSING, 5 of 10 files, 7.tif",
        "DONE, 10 of 10 files",
    ]


@pytest.mark.parametrize(
    ("status", "exit_code", "words"),
    [("ERROR", 6, "ended in ERROR, 3 of 10 files, page 7 is damaged"), ("CANCELLED", 7, "was cancelled")],
)
def test_waiting_for_a_job_that_fails_says_how(
    service: Service, status: str, exit_code: int, words: str
) -> None:
    service.views.append(view(status, 30, error={"message": "page 7\nis damaged"}))
    sent = send(service, "--wait")
    assert (sent.returncode, sent.stderr.count("\n")) == (exit_code, 1)
    assert words in sent.stderr


def test_status_of_a_job_in_words_and_as_json(service: Service) -> None:
    service.views.append(view("PROCESSING", 50))
    said = run(["-itm", service.address, "--status", "j1"])
    assert (said.returncode, said.stdout) == (0, "j1: PROCESSING, 5 of 10 files, 7.tif\n")
    told = run(["-itm", service.address, "--status", "j1", "--json"])
    assert json.loads(told.stdout) == view("PROCESSING", 50)


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.13"])
def test_other_versions_of_python_do(service: Service, version: str) -> None:
    interpreter = f"python{version}"
    try:
        subprocess.run([interpreter, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"{interpreter} is not installed here")
    service.faults.extend(["lost after", "503"])
    sent = run(["-itm", service.address, *STEP], interpreter=interpreter)
    assert (sent.returncode, sent.stderr, len(service.jobs)) == (99, "", 1)


def test_what_nobody_reads_does_not_change_the_exit_code(service: Service) -> None:
    process = start(["-itm", service.address, *STEP])
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (99, "")
